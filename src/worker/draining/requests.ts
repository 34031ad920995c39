import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { servedBy, type Served } from '../../http/server/served.ts';
import { countDuration, DURATIONS } from '../../scoreboard/durations.ts';
import { countLatency, LATENCIES } from '../../scoreboard/latencies.ts';
import { Departure } from './departure.ts';
import type { ReadFairness } from '../balancing/read-fairness.ts';
import { UNKNOWN_CLIENT } from '../../contract/peer.ts';
import { Clients, knownPlaceOf, placeOf } from '../vitals/clients.ts';

/** What both of Node's channels publish for each HTTP/1 request of any http or https server, before its handler runs. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/** A request that took so long, while no other was begun, has most likely kept the event loop. */
const LONG_MS = 1;

// A global is looked up at each use. With this constant the two readings of a request cost 70 ns instead of 80 (Node 20: 81
// and 93). `process.hrtime.bigint()` reads faster, but the number that is made of it costs what that saves. To time one
// request of eight would be nearly free, but the counts by status come from the times too, and would be estimates then.
const clock = performance;

/** What knows, in a drain, which connections go on in another worker, so that their clients are told nothing. */
export interface Leaving {
  /** Whether the connection can move, now or later. It is asked again for each request. */
  canMove(socket: Socket): boolean;
  /**
   * Hears of a connection whose requests are all answered. It may be given away in a later turn of the event loop, unless
   * another request has come.
   */
  readonly onFree: (socket: Socket) => void;
}

/** The requests of one connection that are not answered. A connection that closes has none. */
class Connection {
  /** Undefined for HTTP/2. */
  readonly socket: Socket | undefined;
  inFlight = 0;
  /** The place of its client in {@link Clients}. */
  client: number = UNKNOWN_CLIENT;
  /** When the oldest request that is not answered started, HTTP/1 only. */
  startedAt = 0;
  /** When the others started, in their order: HTTP/1 answers them in that order. */
  waiting: number[] | undefined = undefined;
  /** The newest response, HTTP/1 only. Undefined while idle, so that no idle connection keeps its last request alive. */
  newest: ServerResponse | undefined = undefined;
  /** The response that a drain has made the connection's last. */
  last: ServerResponse | undefined = undefined;
  /** The most requests that were ever in flight at once, HTTP/2 only. */
  peak = 0;
  /** The connection has not had a request, HTTP/2 only. */
  isFresh = true;
  /** Set while the connection drains, HTTP/2 only. */
  departure: Departure | undefined;

  constructor(socket?: Socket) {
    this.socket = socket;
  }
}

/**
 * Counts the requests of this process without patching anything. When the worker drains, it makes responses the last of their
 * connections. HTTP/1 is seen by itself; each HTTP/2 server has to be shown with {@link trackHttp2}.
 *
 * Owns its subscriptions to node:diagnostics_channel and its listeners on HTTP/2 servers; closing it ends them.
 *
 * The unit is the connection, not the response. Per response, 'close' is not exact: on Node 20 and 22 a pipelined
 * response that waits for its turn never closes when its client goes away. A drain would also need a Set of the responses in
 * flight. That costs twice the rest on Node 24, and 20 times as much on Node 20 (1.1 µs a request), which grows each object to
 * give it a hash. So a record hangs on the socket, and `finish` and the socket's 'close' end it. The record remembers the
 * newest of the responses in flight, which is the only one that may say `Connection: close`.
 */
export class Requests {
  /** How long those that were answered took, from their head to the last byte of the response. */
  readonly durations: Float64Array = new Float64Array(DURATIONS);
  /** The same by finer buckets, whatever their status. */
  readonly latencies: Float64Array = new Float64Array(LATENCIES);
  /** Counts the requests by client while a canary is watched. */
  readonly clients: Clients = new Clients();

  // The record is a property of the socket: a request costs 46 ns with it, 63 with a WeakMap and 92 with a Map (CPU time on
  // Node 24, 1000 connections, publishing included). Each of these objects has a symbol of its own, and shares no records.
  readonly #record: symbol = Symbol('prefork.requests');
  readonly #connections = new Set<Connection>();
  readonly #sessions = new Map<ServerHttp2Session, Connection>();
  readonly #http2Servers = new Set<EventEmitter>();
  /** Servers that count by themselves. Those that have closed stay, since their counts belong to the sums. */
  readonly #served = new Set<Served>();
  #started = 0;
  #finished = 0;
  #draining = false;
  /** Nothing brings connections back any more: the server stops. */
  #isFinal = false;
  #leaving: Leaving | undefined;
  /** Hears of connections whose requests are all answered. */
  #onFree: ((socket: Socket) => void) | undefined;
  /** The connection on which a request was begun last, HTTP/1 only. */
  #newest: Connection | undefined;
  readonly #fairness: ReadFairness | undefined;
  readonly #onRequest: ((request: IncomingMessage, socket: Socket) => void) | undefined;
  readonly #onLastAnswer: ((socket: Socket) => void) | undefined;

  /**
   * @param turns pauses connections with long requests, HTTP/1. @default no pauses
   * @param onRequest hears of each request of node:http's, HTTP/1
   * @param onLastAnswer hears of each connection of node:http's that a drain will close after its next answer, before that answer is given
   */
  constructor(
    turns?: ReadFairness,
    onRequest?: (request: IncomingMessage, socket: Socket) => void,
    onLastAnswer?: (socket: Socket) => void,
  ) {
    this.#fairness = turns;
    this.#onRequest = onRequest;
    this.#onLastAnswer = onLastAnswer;
    subscribe(START, this.#onStart);
    subscribe(FINISH, this.#onFinish);
  }

  /** Requests whose head was read. */
  get started(): number {
    let sum = this.#started;
    for (const { started } of this.#served) sum += started;
    return sum;
  }

  /** Requests that were answered to the last byte, or whose connection closed before. Each counts once. */
  get finished(): number {
    let sum = this.#finished;
    for (const { finished } of this.#served) sum += finished;
    return sum;
  }

  /** Requests that are being answered. */
  get inFlight(): number {
    return this.started - this.finished;
  }

  /** Whether a request of that connection, HTTP/1, is being answered. */
  isAnswering(socket: Socket): boolean {
    return (this.#connectionOf(socket)?.inFlight ?? 0) > 0;
  }

  /** When the oldest request of that connection, HTTP/1, that is being answered was begun, by `performance.now`. */
  answeringSince(socket: Socket): number | undefined {
    const connection = this.#connectionOf(socket);
    return connection !== undefined && connection.inFlight > 0 ? connection.startedAt : undefined;
  }

  /**
   * Counts the streams of an HTTP/2 server. Other servers are left alone, so it may be called with any, and twice.
   *
   * This listens to 'session', and to 'stream' of each session. The listeners to 'stream' of the server stay the application's
   * alone. A request for the 'request' event is a stream too, and is not published on the HTTP/1
   * channels. A request that falls back to HTTP/1 (`allowHTTP1`) is published there, and has no session. So each counts once.
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
      this.#count(status, ms);
      if (ms >= LONG_MS && alone !== undefined) this.#fairness?.pauseOnce(alone);
    });
    served.follow?.({
      begun: (socket) => {
        if (this.clients.isWatched) placeOf(socket);
      },
      answered: (socket) => this.clients.answered(knownPlaceOf(socket)),
      gaveUp: (socket) => this.clients.gaveUp(knownPlaceOf(socket), 1),
    });
    if (this.#draining) served.drain(this.#leaving?.onFree);
    else served.tellFree?.(this.#onFree);
  }

  /**
   * From now on every response that has not been sent makes its connection close, those in flight as well. HTTP/1 says
   * `Connection: close`. HTTP/2 sessions get GOAWAY at a good moment, finish their streams and close. Idle HTTP/1 connections
   * stay open until their next request. An application that sets the header `Connection` by itself is taken at its word.
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
      for (const [session, connection] of this.#sessions) connection.departure ??= new Departure(session, connection);
    }
    this.#draining = true;
    for (const served of this.#served) served.drain(leaving?.onFree);
  }

  /** Does what `drain` does, for good. */
  drainForGood(): void {
    this.#isFinal = true;
    this.drain();
  }

  /** Ends `drain`: connections stay again. HTTP/2 sessions whose end is announced end all the same. */
  stay(): void {
    if (this.#isFinal) return;
    this.#draining = false;
    this.#leaving = undefined;
    this.#onFree = undefined;
    for (const served of this.#served) served.stay?.();
  }

  /**
   * From now on `onFree` hears of each connection, HTTP/1, whose requests are all answered. It may be given away in a later turn
   * of the event loop, unless another request has come. In a drain this does nothing: the drain hears of them by itself.
   */
  tellFree(onFree: ((socket: Socket) => void) | undefined): void {
    if (this.#draining || this.#onFree === onFree) return;
    this.#onFree = onFree;
    for (const served of this.#served) served.tellFree?.(onFree);
  }

  /** Closes the HTTP/2 sessions that drain. Without this a session stays open until its client answers: silent ones never do. */
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
  // listener is added per request. With what Node spends to publish, they cost 46 ns (Node 24) and 52 ns (Node 20) of the 12
  // to 22 µs that a hello takes. Two listeners that only count would cost 28 and 37 ns.
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
    if (this.clients.isWatched) connection.client = placeOf(socket);
  };

  readonly #onFinish = (message: unknown): void => {
    const { response, socket } = message as Exchange;
    const connection = this.#connectionOf(socket);
    // Undefined: the request started before this object did. None in flight: the connection closed first, and its requests counted as finished.
    if (connection === undefined || connection.inFlight === 0) return;
    this.#finished++;
    this.clients.answered(connection.client);
    const ms = clock.now() - connection.startedAt;
    this.#count(response.statusCode, ms);
    if (ms >= LONG_MS && this.#newest === connection && !isEncrypted(socket)) this.#fairness?.pauseOnce(socket);
    if (--connection.inFlight > 0) connection.startedAt = connection.waiting?.shift() ?? 0;
    else {
      connection.newest = undefined;
      this.#onFree?.(socket);
    }
  };

  #count(status: number, ms: number): void {
    countDuration(this.durations, status, ms);
    // Those of no class are in neither histogram.
    if (status >= 200) countLatency(this.latencies, ms);
  }

  #connectionOf(socket: Socket): Connection | undefined {
    return (socket as unknown as Record<symbol, Connection | undefined>)[this.#record];
  }

  #open(socket: Socket): Connection {
    const connection = new Connection(socket);
    (socket as unknown as Record<symbol, Connection>)[this.#record] = connection;
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#connections.delete(connection);
      this.#finishAll(connection);
    });
    return connection;
  }

  readonly #onSession = (session: ServerHttp2Session): void => {
    const connection = new Connection();
    this.#sessions.set(session, connection);
    // This comes before Node's own listener, which runs the handler: the handler should find its request counted.
    session.prependListener('stream', (stream: ServerHttp2Stream) => {
      this.#started++;
      connection.inFlight++;
      connection.peak = Math.max(connection.peak, connection.inFlight);
      connection.isFresh = false;
      connection.departure?.asked();
      if (this.clients.isWatched && session.socket !== undefined) connection.client = placeOf(session.socket);
      const startedAt = clock.now();
      stream.once('close', () => {
        if (connection.inFlight === 0) return;
        connection.inFlight--;
        this.#finished++;
        if (!stream.aborted) this.#count(statusOf(stream), clock.now() - startedAt);
        if (!stream.aborted && statusOf(stream) >= 200) this.clients.answered(connection.client);
        else this.clients.gaveUp(connection.client, 1);
      });
    });
    session.once('close', () => {
      this.#sessions.delete(session);
      this.#finishAll(connection);
    });
    if (this.#draining) connection.departure = new Departure(session, connection);
  };

  #makeLast(connection: Connection, response: ServerResponse): void {
    const { socket } = connection;
    if (socket !== undefined && this.#leaving?.canMove(socket) === true) return;
    makeLast(connection, response);
    if (socket !== undefined && connection.last !== undefined) this.#onLastAnswer?.(socket);
  }

  /** Counts all requests in flight on a connection that has closed as finished. */
  #finishAll(connection: Connection): void {
    this.#finished += connection.inFlight;
    this.clients.gaveUp(connection.client, connection.inFlight);
    connection.inFlight = 0;
    connection.waiting = undefined;
    connection.newest = undefined;
  }
}

/**
 * Makes the response the last of its connection. Node closes a connection after the response with `Connection: close` and
 * drops those that wait behind it, though their requests have been handled. RFC 9112, 9.6, lets a server close only after the
 * last request that it processes. So the response to a pipelined request takes the mark over from the one before, which works
 * as long as the head of that one is not sent.
 */
function makeLast(connection: Connection, response: ServerResponse): void {
  const before = connection.newest;
  if (before !== undefined && before === connection.last) before.shouldKeepAlive = true;
  connection.last = response.shouldKeepAlive ? response : undefined;
  response.shouldKeepAlive = false;
}

/** The status that the stream was answered with; 0 when it was not. */
function statusOf({ sentHeaders }: ServerHttp2Stream): number {
  return Number(sentHeaders?.[':status'] ?? 0);
}

/** Over TLS Node hears of the end of a response when all that came with its request has been served: too late for a pause. */
function isEncrypted(socket: Socket): boolean {
  return 'encrypted' in socket;
}

/** The classes of HTTP/2 servers are not exported, and loading node:http2 to find out would cost each worker its memory. */
function isHttp2(server: EventEmitter): boolean {
  return 'updateSettings' in server;
}
