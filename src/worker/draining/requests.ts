import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { servedBy, type Served } from '../../http/server/served.ts';
import { countDuration, DURATIONS } from '../../scoreboard/durations.ts';
import { Departure } from './departure.ts';
import type { ReadFairness } from '../balancing/read-fairness.ts';

/** What both of Node's channels publish for each HTTP/1 request of any http or https server, before its handler runs. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/** A request that took so many ms, while no other was begun, has most likely kept the event loop. */
const LONG = 1;

// The global is looked up at each use: the two readings of a request cost 70 ns instead of 80 so (Node 20: 81 and 93).
// `process.hrtime.bigint()` reads faster, and the number that is made of it costs what that saves; one request of eight
// would be nearly free, but the counts by status come from these too, and would be estimates then.
const clock = performance;

/** In a drain: connections that go on elsewhere, so that their clients are told nothing. */
export interface Leaving {
  /** Now or later; asked again for each request. */
  canMove(socket: Socket): boolean;
  /** All its requests are answered: it may be given away in a later turn of the event loop, unless another has come. */
  readonly onFree: (socket: Socket) => void;
}

/** The requests of one connection that are not answered. A connection that closes has none. */
class Connection {
  /** Undefined for HTTP/2. */
  readonly socket: Socket | undefined;
  inFlight = 0;
  /** When the oldest of them started, and the others in their order, HTTP/1 only: it answers them in that order. */
  startedAt = 0;
  waiting: number[] | undefined = undefined;
  /** The last of them, HTTP/1 only; undefined while idle, so that no idle connection keeps its last request alive. */
  newest: ServerResponse | undefined = undefined;
  /** The response that was made the connection's last by a drain. */
  last: ServerResponse | undefined = undefined;
  /** The most that ever were in flight, HTTP/2 only. */
  peak = 0;
  /** Has not had a request, HTTP/2 only. */
  isFresh = true;
  /** While it drains, HTTP/2 only. */
  departure: Departure | undefined;

  constructor(socket?: Socket) {
    this.socket = socket;
  }
}

/**
 * Counts the requests of this process without patching anything, and makes responses the last of their connections when
 * it drains. HTTP/1 is seen by itself; each HTTP/2 server has to be shown with {@link trackHttp2}.
 *
 * Owns its subscriptions to node:diagnostics_channel and its listeners on HTTP/2 servers; closing it ends them.
 *
 * The unit is the connection, not the response. Per response, 'close' is not exact: on Node 20 and 22 a pipelined
 * response that waits for its turn never closes when its client goes away. And a Set of the responses in flight, which a
 * drain would need, costs twice the rest on Node 24 and 20 times as much on Node 20 (1.1 µs a request), which grows each
 * object to give it a hash. So a record hangs on the socket, `finish` and the socket's 'close' settle it, and of the
 * responses in flight it remembers the newest, which is the only one that may say `Connection: close`.
 */
export class Requests {
  /** How long those that were answered took, from their head to the last byte of the response. */
  readonly durations: Float64Array = new Float64Array(DURATIONS);

  // A property of the socket: a request costs 46 ns with it, 63 with a WeakMap and 92 with a Map (CPU time on Node 24,
  // 1000 connections, publishing included). One of this object's own, so that two of them do not share records.
  readonly #record: symbol = Symbol('prefork.requests');
  readonly #connections = new Set<Connection>();
  readonly #sessions = new Map<ServerHttp2Session, Connection>();
  readonly #http2Servers = new Set<EventEmitter>();
  /** Servers that count by themselves, also those that have closed. */
  readonly #served = new Set<Served>();
  #started = 0;
  #finished = 0;
  #draining = false;
  #leaving: Leaving | undefined;
  /** Hears of connections whose requests are all answered. */
  #onFree: ((socket: Socket) => void) | undefined;
  /** Where a request was begun last, HTTP/1 only. */
  #newest: Connection | undefined;
  readonly #fairness: ReadFairness | undefined;
  readonly #onRequest: ((request: IncomingMessage, socket: Socket) => void) | undefined;

  /**
   * @param turns are taken by connections with long requests, HTTP/1. @default by none
   * @param onRequest hears of each request of node:http's, HTTP/1
   */
  constructor(turns?: ReadFairness, onRequest?: (request: IncomingMessage, socket: Socket) => void) {
    this.#fairness = turns;
    this.#onRequest = onRequest;
    subscribe(START, this.#onStart);
    subscribe(FINISH, this.#onFinish);
  }

  /** Requests whose head was read. */
  get started(): number {
    let sum = this.#started;
    for (const { started } of this.#served) sum += started;
    return sum;
  }

  /** Requests answered to the last byte, or whose connection closed before. Each counts once. */
  get finished(): number {
    let sum = this.#finished;
    for (const { finished } of this.#served) sum += finished;
    return sum;
  }

  /** Requests being answered. */
  get inFlight(): number {
    return this.started - this.finished;
  }

  /** Whether a request of that connection, HTTP/1, is being answered. */
  isAnswering(socket: Socket): boolean {
    return (this.#connectionOf(socket)?.inFlight ?? 0) > 0;
  }

  /**
   * Counts the streams of an HTTP/2 server. Other servers are left alone, so it may be called with any, and twice.
   *
   * It listens to 'session', and to 'stream' of each session, not of the server, whose listeners stay the application's. A
   * request for the 'request' event is a stream too, and not published on the HTTP/1 channels; one that falls back to
   * HTTP/1 (`allowHTTP1`) is, and has no session. So each counts once.
   */
  trackHttp2(server: EventEmitter): void {
    if (!isHttp2(server) || this.#http2Servers.has(server)) return;
    this.#http2Servers.add(server);
    server.on('session', this.#onSession);
  }

  /** Reads the counts of a server that has them (`prefork/http`). Other servers are left alone. */
  trackServed(server: object): void {
    const served = servedBy(server);
    if (served === undefined) return;
    this.#served.add(served);
    served.time?.((status, ms, alone) => {
      countDuration(this.durations, status, ms);
      if (ms >= LONG && alone !== undefined) this.#fairness?.pauseOnce(alone);
    });
    if (this.#draining) served.drain(this.#leaving?.onFree);
    else served.tellFree?.(this.#onFree);
  }

  /**
   * From now on every response that has not been sent makes its connection close, those in flight as well: HTTP/1 says
   * `Connection: close`; HTTP/2 sessions get GOAWAY at a good moment, finish their streams and close. Idle HTTP/1 connections stay open
   * until their next request. An application that sets the header `Connection` by itself is taken at its word.
   *
   * @param leaving takes the connections that can move, HTTP/1: nothing is said on them. A later call without it says it on all
   */
  drain(leaving?: Leaving): void {
    if (this.#draining && (leaving !== undefined || this.#leaving === undefined)) return;
    this.#leaving = leaving;
    this.#onFree = leaving?.onFree;
    for (const connection of this.#connections) {
      if (connection.newest !== undefined) this.#makeLast(connection, connection.newest);
    }
    if (!this.#draining) {
      for (const [session, connection] of this.#sessions) connection.departure = new Departure(session, connection);
    }
    this.#draining = true;
    for (const served of this.#served) served.drain(leaving?.onFree);
  }

  /**
   * From now on `onFree` hears of each connection, HTTP/1, all of whose requests are answered: it may be given away in a later turn
   * of the event loop, unless another has come. Not in a drain, which asks that for itself.
   */
  tellFree(onFree: ((socket: Socket) => void) | undefined): void {
    if (this.#draining || this.#onFree === onFree) return;
    this.#onFree = onFree;
    for (const served of this.#served) served.tellFree?.(onFree);
  }

  /** Ends what drains, HTTP/2 only: until then sessions stay open until their client answers, and a silent one never does. */
  closeSessions(): void {
    for (const { departure } of this.#sessions.values()) departure?.close();
  }

  /** Stops counting new requests. Idempotent. */
  close(): void {
    unsubscribe(START, this.#onStart);
    unsubscribe(FINISH, this.#onFinish);
    for (const server of this.#http2Servers) server.off('session', this.#onSession);
    this.#http2Servers.clear();
  }

  // The hot path: these two run for each request. Nothing is allocated but the record of a new connection, and no
  // listener is added per request. With what Node spends to publish, 46 ns (Node 24) and 52 ns (Node 20) of the 12 to
  // 22 µs that a hello takes; two listeners that only count cost 28 and 37.
  readonly #onStart = (message: unknown): void => {
    const { request, response, socket } = message as Exchange;
    this.#started++;
    const connection = this.#connectionOf(socket) ?? this.#open(socket);
    this.#onRequest?.(request, socket);
    if (this.#draining) this.#makeLast(connection, response);
    if (connection.inFlight++ === 0) connection.startedAt = clock.now();
    else (connection.waiting ??= []).push(clock.now());
    this.#newest = connection;
    connection.newest = response;
  };

  readonly #onFinish = (message: unknown): void => {
    const { response, socket } = message as Exchange;
    const connection = this.#connectionOf(socket);
    // Undefined: it started before we did. None in flight: the connection closed first, and settled it.
    if (connection === undefined || connection.inFlight === 0) return;
    this.#finished++;
    const ms = clock.now() - connection.startedAt;
    countDuration(this.durations, response.statusCode, ms);
    if (ms >= LONG && this.#newest === connection && !isEncrypted(socket)) this.#fairness?.pauseOnce(socket);
    if (--connection.inFlight > 0) connection.startedAt = connection.waiting?.shift() ?? 0;
    else {
      connection.newest = undefined;
      this.#onFree?.(socket);
    }
  };

  #connectionOf(socket: Socket): Connection | undefined {
    return (socket as unknown as Record<symbol, Connection | undefined>)[this.#record];
  }

  #open(socket: Socket): Connection {
    const connection = new Connection(socket);
    (socket as unknown as Record<symbol, Connection>)[this.#record] = connection;
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      this.#settle(connection);
    });
    return connection;
  }

  readonly #onSession = (session: ServerHttp2Session): void => {
    const connection = new Connection();
    this.#sessions.set(session, connection);
    // Before Node's own listener, which runs the handler: it should find its request counted.
    session.prependListener('stream', (stream: ServerHttp2Stream) => {
      this.#started++;
      connection.inFlight++;
      connection.peak = Math.max(connection.peak, connection.inFlight);
      connection.isFresh = false;
      connection.departure?.asked();
      const startedAt = clock.now();
      stream.once('close', () => {
        if (connection.inFlight === 0) return;
        connection.inFlight--;
        this.#finished++;
        if (!stream.aborted) countDuration(this.durations, statusOf(stream), clock.now() - startedAt);
      });
    });
    session.once('close', () => {
      this.#sessions.delete(session);
      this.#settle(connection);
    });
    if (this.#draining) connection.departure = new Departure(session, connection);
  };

  #makeLast(connection: Connection, response: ServerResponse): void {
    if (connection.socket === undefined || this.#leaving?.canMove(connection.socket) !== true) {
      makeLast(connection, response);
    }
  }

  /** Whatever was in flight on a connection that has closed is over. */
  #settle(connection: Connection): void {
    this.#finished += connection.inFlight;
    connection.inFlight = 0;
    connection.waiting = undefined;
    connection.newest = undefined;
  }
}

/**
 * Node closes a connection after the response with `Connection: close` and drops those that wait behind it, though their
 * requests have been handled (RFC 9112, 9.6, lets a server close only after the last that it processes). So when a
 * pipelined request follows, it takes over from its predecessor, which works as long as that one's head is not sent.
 */
function makeLast(connection: Connection, response: ServerResponse): void {
  const before = connection.newest;
  if (before !== undefined && before === connection.last) before.shouldKeepAlive = true;
  connection.last = response.shouldKeepAlive ? response : undefined;
  response.shouldKeepAlive = false;
}

/** What it was answered with; 0 when it was not. */
function statusOf({ sentHeaders }: ServerHttp2Stream): number {
  return Number(sentHeaders?.[':status'] ?? 0);
}

/** Over TLS Node hears of the end of a response when all that came with its request has been served: too late for a turn. */
function isEncrypted(socket: Socket): boolean {
  return 'encrypted' in socket;
}

/** Their classes are not exported, and loading node:http2 to find out would cost each worker its memory. */
function isHttp2(server: EventEmitter): boolean {
  return 'updateSettings' in server;
}
