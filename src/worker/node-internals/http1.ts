import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Receiving, Rest } from '../../http/server/served.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { acceptingServerOf, detachHandle, handleOf, isNative, type ConnectionHandle } from './connection-handle.ts';
import { isThere, symbolOf, type WorkerPart } from './parts.ts';

type OnIncoming = (request: IncomingMessage, keepsAlive: boolean) => number;

/** node's HTTPParser of one connection. Its callbacks are kept under numbers, which its class has by name. */
export interface HttpParser {
  [callback: number]: unknown;
  readonly socket: Socket | null;
  readonly incoming?: IncomingMessage | null;
  readonly constructor: object;
  onIncoming?: OnIncoming | null;
  _consumed?: boolean;
  unconsume(): void;
  execute(bytes: Uint8Array): unknown;
  [HEADS]?: Heads | undefined;
}

interface HttpSocket extends Socket {
  readonly parser?: HttpParser | null;
  readonly server?: Server | null;
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
  /** Takes the callbacks away again, as far as they are still the parser's. */
  readonly stop: () => void;
}

const HEADS: unique symbol = Symbol('prefork.heads');

/** Node's own list of the HTTP/1 connections of a server: what its `closeIdleConnections` and its timeouts look at. */
export interface ConnectionsList {
  all(): HttpParser[];
  /** Connections of which a request has begun and not come whole. Node 20 to 24 add those without any byte yet. */
  active?(): HttpParser[];
  /** Connections between two requests: no byte of the next one has been parsed. Node 26 adds those without any request yet. */
  idle(): HttpParser[];
}

/** The list is there once the server listens. Undefined for a server that does not speak HTTP/1 by node:http. */
export function connectionsOf(server: Server): ConnectionsList | undefined {
  const symbol = symbolOf(server, 'http.server.connections');
  const list = symbol && (server as unknown as Record<symbol, Partial<ConnectionsList> | null>)[symbol];
  const isList = typeof list?.all === 'function' && typeof list.idle === 'function';
  if (server.listening && 'headersTimeout' in server) isThere('http.server.connections', isList);
  return isList ? (list as ConnectionsList) : undefined;
}

/**
 * From now on {@link restOf} knows, for each connection that the server has now, whether a part of a request's head has been
 * parsed. Node tells that only of all connections at once, which costs too much to ask for each that is to move. Watching costs
 * each request two calls, so it is for a worker that has connections to move, and ends with {@link unwatchHeads}. Idempotent.
 */
export function watchHeads(server: Server): void {
  const list = connectionsOf(server);
  const unwatched = list?.all().filter((parser) => !isWatched(parser)) ?? [];
  if (unwatched.length === 0) return;
  const idle = new Set(list!.idle());
  for (const parser of unwatched) watchParser(parser, idle.has(parser));
}

/** Ends what {@link watchHeads} has begun: requests cost no more than before. No connection is `free` until heads are watched again. */
export function unwatchHeads(server: Server): void {
  for (const parser of connectionsOf(server)?.all() ?? []) parser[HEADS]?.stop();
}

/**
 * The connections on which a part of a request has come: of its head, or of its body. Node has a list
 * of them, which is short unless many clients stop within a request.
 */
export function* receivingOf(server: Server): Generator<Receiving> {
  for (const { socket, incoming } of connectionsOf(server)?.active?.() ?? []) {
    if (socket !== null && socket.bytesRead > 0) yield { socket, part: incoming?.complete === false ? 'body' : 'head' };
  }
}

/** Node uses parsers again for other connections, and takes the callbacks from them then. */
function isWatched({ [HEADS]: heads, onIncoming }: HttpParser): boolean {
  return heads !== undefined && heads.onIncoming === onIncoming;
}

function watchParser(parser: HttpParser, isIdle: boolean): void {
  const { incoming, onIncoming: original, socket } = parser;
  const callback = callbackOf(parser, 'kOnMessageBegin');
  if (typeof original !== 'function' || callback === undefined || socket === null) return;
  // Bytes that have come and are not of the body of the last request are of the next one's head.
  const isInBody = incoming?.complete === false;
  const heads: Heads = {
    isHalf: !isIdle && !isInBody && socket.bytesRead > 0,
    onIncoming: (request, keepsAlive) => {
      heads.isHalf = false;
      return original(request, keepsAlive);
    },
    stop: () => {
      if (parser[callback] === onBegin) parser[callback] = onBeginBefore;
      if (parser.onIncoming === heads.onIncoming) parser.onIncoming = original;
      parser[HEADS] = undefined;
    },
  };
  const onBeginBefore = parser[callback];
  const onBegin = (): void => {
    heads.isHalf = true;
  };
  parser[callback] = onBegin;
  parser.onIncoming = heads.onIncoming;
  parser[HEADS] = heads;
}

/**
 * What happens on a connection of node:http. A connection that is not node:http's alone is `never` free: the application listens
 * to its bytes (Node has given it to a stream then), or another server has accepted it.
 */
export function restOf(socket: Socket, server: Server): Rest {
  const { parser, server: spoken } = socket as HttpSocket;
  const handle = handleOf(socket);
  if (!parser || !handle || spoken !== server || acceptingServerOf(socket) !== server || !isNative(handle))
    return 'never';
  if (socket.destroyed || !socket.readable || !socket.writable) return 'never';
  if (!isThere('HTTPParser._consumed', parser._consumed !== undefined)) return 'never';
  if (parser._consumed !== true || handle._consumed !== true || !showsItsWork(socket, parser)) return 'never';
  return isResting(socket, parser, handle) ? 'free' : 'busy';
}

/**
 * Tells whether the socket shows what is done with it. Node sets `_paused` with the parser, and `_httpMessage` with the first
 * response. That comes after the head of the request is announced, and before the whole of the request has been read.
 */
function showsItsWork(socket: HttpSocket, { incoming }: HttpParser): boolean {
  if (!isThere('Socket._paused', socket._paused !== undefined)) return false;
  return incoming?.complete !== true || isThere('Socket._httpMessage', socket._httpMessage !== undefined);
}

function isResting(socket: HttpSocket, parser: HttpParser, handle: ConnectionHandle): boolean {
  if (socket._httpMessage || socket._paused === true || socket.isPaused() || handle.reading !== true) return false;
  if (socket.writableLength > 0 || socket.readableLength > 0 || handle.writeQueueSize !== 0) return false;
  if (parser.incoming?.complete === false) return false;
  return isWatched(parser) && !parser[HEADS]!.isHalf;
}

/**
 * Takes the connection out of its socket. The socket closes without an error, and the client notices nothing. Nothing is read
 * from the connection any more: what the client sends waits in the kernel.
 *
 * @param socket is `free`
 * @param closeSocket closes what is left of it
 */
export function takeHandle(socket: Socket, closeSocket: () => void = () => socket.destroy()): NativeClient {
  const { parser } = socket as HttpSocket;
  const handle = handleOf(socket)!;
  handle.readStop();
  handle.reading = false;
  if (parser) {
    parser.unconsume();
    parser._consumed = handle._consumed = false;
  }
  detachHandle(socket, handle, closeSocket);
  return handle;
}

const ANY_REQUEST = Buffer.from('GET / HTTP/1.1\r\n\r\n');

/**
 * Tells a server of node:http that a connection which came from elsewhere is between two requests, and not before its first.
 * Without this Node 20 to 24 would answer 408 after `headersTimeout` on a connection that is merely idle. `keepAliveTimeout`
 * begins now.
 */
export function makeIdle(client: NativeClient): void {
  const symbol = symbolOf(client, 'owner_symbol');
  if (!isThere('TCP.owner_symbol', symbol !== undefined)) return;
  const socket = (client as unknown as Record<symbol, HttpSocket | undefined>)[symbol!];
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
  const onFirst: OnIncoming = (request, keepsAlive) => {
    // node:http itself does the same when a request comes within `keepAliveTimeout`.
    if (isFirst) socket.setTimeout((server as HttpServer).timeout || 0);
    isFirst = false;
    if (parser.onIncoming === onFirst) parser.onIncoming = onIncoming;
    return onIncoming(request, keepsAlive);
  };
  parser.onIncoming = onFirst;
}

/** Has the parser read a request that is passed on to no listener. */
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

type Callback = Extract<WorkerPart, `HTTPParser.k${string}`> extends `HTTPParser.${infer Name}` ? Name : never;

function callbackOf(parser: HttpParser, name: Callback): number | undefined {
  const number = (parser.constructor as Record<string, unknown>)[name];
  return isThere(`HTTPParser.${name}`, typeof number === 'number') ? (number as number) : undefined;
}
