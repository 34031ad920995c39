/**
 * The one door of the HTTP server to what Node.js keeps to itself: nothing else in src/http touches a private part. Each part is looked
 * for before it is used; where a Node.js lacks it, the server goes on without, and says so once.
 */
export { bytesTaken, interceptAccepting, own, reset, socketOver, type AcceptedHandle } from './sockets.ts';
export { ShortCut } from './short-cut.ts';
