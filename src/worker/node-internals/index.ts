/**
 * The one door of the worker to what Node.js keeps to itself: nothing else in src/worker touches a private part. Each part is
 * looked for before it is used. Where a Node.js lacks it, the worker goes on without, and says so once. parts.ts has the list.
 *
 * The other doors are src/http/node-internals/ for the HTTP server, src/listeners/native.ts for sockets that listen, and
 * src/ipc/node-channel.ts for the channel between processes.
 */
export { peerOf, firstBytesOf, putBack, readAccepted, setPeer } from './accepted.ts';
export {
  acceptingServerOf,
  bytesReceived,
  handleOf,
  handleThatReads,
  isHandleAtRest,
  isAllWritten,
} from './connection-handle.ts';
export { connectionsOf, restOf, makeIdle, receivingOf, takeHandle, unwatchHeads, watchHeads } from './http1.ts';
export { writeBesideHttp2 } from './http2.ts';
export {
  answerGetServer,
  countConnections,
  interceptConnections,
  listenApart,
  listeningHandleOf,
  openConnections,
  replaceListeningHandle,
  showsHandle,
  stillListening,
  withHandle,
  type Answer,
  type Query,
} from './listening.ts';
