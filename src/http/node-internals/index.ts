/**
 * The only door of the HTTP server to what Node.js keeps to itself: no other file in src/http touches a private part.
 * Each part is looked for before it is used. Where a Node.js lacks it, the server goes on without it, and says so once.
 */
export {
  bytesTaken,
  interceptAccepting,
  isOfUnixSocket,
  own,
  readNow,
  reset,
  socketOver,
  stopReading,
  type AcceptedHandle,
} from './sockets.ts';
export { ShortCut } from './short-cut.ts';
