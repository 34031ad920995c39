/**
 * What Node keeps to itself and a drain or a move needs, feature-detected: where a Node has changed, the answer is that it cannot
 * be done, and the drain does without. test/unit/worker/node-internals.test.ts is the contract, run on each line of Node.
 */
import { writeSync } from 'node:fs';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Rest } from '../http/server/served.ts';
import type { NativeClient } from '../listeners/native.ts';

/** A connection as libuv has it. */
interface StreamHandle {
  /** -1 on Windows, or when it is closed. */
  readonly fd?: number;
  /** Bytes that nghttp2 has written and the kernel has not taken yet. */
  readonly writeQueueSize?: number;
}

/** `later`: bytes wait to be sent. `never`: this connection has no way in. */
export type Written = 'done' | 'later' | 'never';

/**
 * Writes a frame to the connection of a session beside nghttp2, which knows nothing of it. nghttp2 gives whole frames to the
 * kernel, all that it has at a time; so as long as nothing of them waits, the frame stands between two of its own.
 *
 * The bytes go to the descriptor itself: a write of the socket's that the kernel does not take at once would tell nghttp2 of
 * its end, and Node aborts the process then (`is_write_in_progress()` in node_http2.cc, Node 20 to 26). Over TLS there is
 * no other way than that one, so over TLS there is none.
 */
export function writeBesideHttp2(session: ServerHttp2Session, frame: Uint8Array): Written {
  const handle = handleOf(session);
  const { fd, writeQueueSize } = handle ?? {};
  if (fd === undefined || fd < 0 || writeQueueSize === undefined || session.encrypted !== false) return 'never';
  if (writeQueueSize > 0) return 'later';
  try {
    if (writeSync(fd, frame) === frame.length) return 'done';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 'later' : 'never';
  }
  // A frame cut short makes nonsense of all that follows. A kernel with room for a byte takes these few, as far as is known.
  session.destroy();
  return 'never';
}

/** Undefined where the session has none any more, or the application speaks HTTP/2 over a stream of its own. */
function handleOf(session: ServerHttp2Session): StreamHandle | undefined {
  // A proxy, which leaves the property to be read.
  const { socket } = session as { readonly socket?: { readonly _handle?: StreamHandle | null } };
  return socket?._handle ?? undefined;
}

/** The `TCP` or `Pipe` of a connection, with what JavaScript has put there. */
interface ConnectionHandle extends NativeClient, StreamHandle {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** What net.Socket has decided; it never asks the handle. */
  reading?: boolean;
  /** A parser reads it, and no stream does. */
  _consumed?: boolean;
  readStop(): number;
}

type OnIncoming = (request: IncomingMessage, keepsAlive: boolean) => number;

/** node's HTTPParser of one connection. What it calls is kept under numbers, which its class has by name. */
export interface HttpParser {
  [callback: number]: unknown;
  readonly socket: Socket | null;
  readonly incoming?: IncomingMessage | null;
  readonly constructor: object;
  onIncoming?: OnIncoming | null;
  _consumed?: boolean;
  unconsume(): void;
  execute(bytes: Uint8Array): unknown;
  [HEADS]?: Heads;
}

interface HttpSocket extends Socket {
  readonly parser?: HttpParser | null;
  readonly server?: Server | null;
  readonly _server?: Server | null;
  _handle?: ConnectionHandle | null;
  /** The response that is being sent. */
  readonly _httpMessage?: unknown;
  /** Reading waits for the client to take its answers. */
  readonly _paused?: boolean;
}

/** What is known of the heads that a parser reads: see {@link watchHeads}. */
interface Heads {
  /** Bytes of a request have been parsed, and its head is not complete. */
  isHalf: boolean;
  readonly onIncoming: OnIncoming;
}

const HEADS: unique symbol = Symbol('prefork.heads');

/** Node's own list of the HTTP/1 connections of a server: what its `closeIdleConnections` and its timeouts look at. */
export interface ConnectionsList {
  all(): HttpParser[];
  /** Between two requests: not a byte of the next one has been parsed. To Node 26 also those without any request yet. */
  idle(): HttpParser[];
}

/** There once the server listens. Without one (a Node that has changed) it is as if it had no connections. */
export function connectionsOf(server: Server): ConnectionsList | undefined {
  const symbol = symbolOf(server, 'http.server.connections');
  return symbol && (server as unknown as Record<symbol, ConnectionsList>)[symbol];
}

/**
 * From now on {@link restOf} knows, for each connection that the server has now, whether a part of a request's head has been
 * parsed. Node tells that of all connections at once only, which is too dear to ask for each that is to move. It costs a
 * request two calls, so that it is for a worker that leaves. Idempotent.
 */
export function watchHeads(server: Server): void {
  const list = connectionsOf(server);
  if (list === undefined) return;
  const idle = new Set(list.idle());
  for (const parser of list.all()) if (!isWatched(parser)) watchParser(parser, idle.has(parser));
}

/** Parsers are used again for other connections, and the callbacks are taken from them then. */
function isWatched({ [HEADS]: heads, onIncoming }: HttpParser): boolean {
  return heads !== undefined && heads.onIncoming === onIncoming;
}

function watchParser(parser: HttpParser, isIdle: boolean): void {
  const { incoming, onIncoming: original, socket } = parser;
  const callback = callbackOf(parser, 'kOnMessageBegin');
  if (typeof original !== 'function' || callback === undefined || socket === null) return;
  // What is under way and is not the body of the request that came last, is the next one's head.
  const isInBody = incoming?.complete === false;
  const heads: Heads = {
    isHalf: !isIdle && !isInBody && socket.bytesRead > 0,
    onIncoming: (request, keepsAlive) => {
      heads.isHalf = false;
      return original(request, keepsAlive);
    },
  };
  parser[callback] = () => {
    heads.isHalf = true;
  };
  parser.onIncoming = heads.onIncoming;
  parser[HEADS] = heads;
}

/**
 * What happens on a connection of node:http. `never` also for one that is not node:http's alone: the application listens to its
 * bytes (Node has given it to a stream then), or has it accepted by another server.
 */
export function restOf(socket: Socket, server: Server): Rest {
  const { parser, _handle: handle, server: spoken, _server: accepting } = socket as HttpSocket;
  if (!parser || !handle || spoken !== server || accepting !== server || !isNative(handle)) return 'never';
  if (socket.destroyed || !socket.readable || !socket.writable) return 'never';
  if (parser._consumed !== true || handle._consumed !== true || typeof parser.unconsume !== 'function') return 'never';
  return isResting(socket, parser, handle) ? 'free' : 'busy';
}

function isResting(socket: HttpSocket, parser: HttpParser, handle: ConnectionHandle): boolean {
  if (socket._httpMessage || socket._paused === true || socket.isPaused() || handle.reading !== true) return false;
  if (socket.writableLength > 0 || socket.readableLength > 0 || handle.writeQueueSize !== 0) return false;
  if (parser.incoming?.complete === false) return false;
  return isWatched(parser) && !parser[HEADS]!.isHalf;
}

/** A connection as the kernel has it: nothing between it and the client that has a state, as TLS has. */
function isNative(handle: ConnectionHandle): boolean {
  const { name } = handle.constructor;
  return (name === 'TCP' || name === 'Pipe') && typeof handle.readStop === 'function';
}

/** Whether the connection can be taken out of its socket, and the kernel has all that was written. */
export function isHandleAtRest(socket: Socket): boolean {
  const { _handle: handle } = socket as HttpSocket;
  return !!handle && isNative(handle) && handle.reading === true && handle.writeQueueSize === 0;
}

/**
 * Takes the connection out of its socket, which closes without an error and without the client's noticing. Nothing is read from
 * it any more; what the client sends waits in the kernel.
 *
 * @param socket is `free`
 */
export function takeHandle(socket: Socket): NativeClient {
  const { parser, _handle: handle } = socket as HttpSocket & { _handle: ConnectionHandle };
  // Whoever logs a request a moment after its answer asks for this: Node remembers it.
  void socket.remoteAddress;
  handle.readStop();
  handle.reading = false;
  if (parser) {
    parser.unconsume();
    parser._consumed = handle._consumed = false;
  }
  const { bytesRead, bytesWritten } = handle;
  const remains = { bytesRead, bytesWritten, close: (closed: () => void) => process.nextTick(closed) };
  (socket as HttpSocket)._handle = remains as unknown as ConnectionHandle;
  socket.destroy();
  return handle;
}

const ANY_REQUEST = Buffer.from('GET / HTTP/1.1\r\n\r\n');

/**
 * A connection that came from elsewhere has been given to its server: if that is node:http's, it is between two requests, and not
 * before its first. Else Node 20 to 24 would answer 408 after `headersTimeout` on one that is merely idle. `keepAliveTimeout`
 * begins now.
 */
export function settleIn(client: NativeClient): void {
  const symbol = symbolOf(client, 'owner_symbol');
  const socket = symbol && (client as unknown as Record<symbol, HttpSocket | undefined>)[symbol];
  const { parser, server } = socket ?? {};
  if (!socket || !parser || !server) return;
  finishMessage(parser);
  const { keepAliveTimeout = 0, keepAliveTimeoutBuffer = 1000 } = server as Partial<HttpServer> & {
    readonly keepAliveTimeoutBuffer?: number;
  };
  if (keepAliveTimeout > 0) socket.setTimeout(keepAliveTimeout + keepAliveTimeoutBuffer);
  const { onIncoming } = parser;
  if (keepAliveTimeout <= 0 || typeof onIncoming !== 'function') return;
  let isFirst = true;
  parser.onIncoming = (request, keepsAlive) => {
    // As node:http does itself after its own timeout between two requests.
    if (isFirst) socket.setTimeout((server as HttpServer).timeout || 0);
    isFirst = false;
    return onIncoming(request, keepsAlive);
  };
}

/** Has the parser read a request of which nobody hears. */
function finishMessage(parser: HttpParser): void {
  const head = callbackOf(parser, 'kOnHeadersComplete');
  const end = callbackOf(parser, 'kOnMessageComplete');
  if (head === undefined || end === undefined) return;
  const [onHead, onEnd] = [parser[head], parser[end]];
  parser[head] = parser[end] = null;
  parser.execute(ANY_REQUEST);
  parser[head] = onHead;
  parser[end] = onEnd;
}

function callbackOf(parser: HttpParser, name: string): number | undefined {
  const number = (parser.constructor as Record<string, unknown>)[name];
  return typeof number === 'number' ? number : undefined;
}

function symbolOf(holder: object, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(holder).find(({ description }) => description === name);
}
