import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { clientOf } from '../../contract/networks.ts';
import { Addresses } from './addresses.ts';
import { Connection } from './connection.ts';
import type { Context } from '../message/context.ts';
import { MisuseError } from '../protocol/errors.ts';
import { forwardedOf } from './trusted-proxies.ts';
import type { ForwardedField } from '../message/forwarded.ts';
import { fetchHandler, type FetchFunction } from '../fetch/fetch.ts';
import type { Refusal } from '../protocol/refusals.ts';
import { installLightGlobals } from '../fetch/light-globals.ts';
import { lightRequest, realRequest } from '../fetch/light-request.ts';
import type { Handler, Hooks, HttpLogger } from '../message/hooks.ts';
import { interceptAccepting, own, type AcceptedHandle } from '../node-internals/index.ts';
import { refusalText } from './refusal-text.ts';
import { ServerCore } from './server-core.ts';
import { MOVED, SERVED, type Receiving, type Served } from './served.ts';
import { resolveSettings, type Settings } from './settings.ts';
import { RawSource, StreamSource } from './source.ts';
import { UpgradeRequest } from '../message/upgrade-request.ts';

/** The options of a server. Times are milliseconds, sizes are bytes. */
export interface ServerOptions extends Partial<Settings> {
  /** Answers each request. Give either this or `fetch`. */
  readonly handler?: Handler;
  /**
   * A WHATWG fetch handler, such as `app.fetch` of Hono. It is called when the whole body is there. With
   * `streamRequestBody` it is called when the head is there, as on other servers.
   */
  readonly fetch?: FetchFunction;
  /**
   * With `fetch`: puts light stand-ins in place of the global `Response` and `Request`, which do their work when it is
   * asked for. They are instances of the originals, and cost a tenth.
   *
   * @default true
   */
  readonly lightGlobals?: boolean;
  /**
   * The proxies in front of the server whose word counts: addresses, networks such as `10.0.0.0/8`, and `unix` for those that connect
   * to a Unix socket. `ctx.remoteAddress` is the client's then, by the field {@link forwardedField}.
   *
   * @default none
   */
  readonly trustedProxies?: readonly string[];
  /**
   * The field that these proxies write. The other one is not read, because a proxy passes on what a client has written there.
   *
   * @default 'x-forwarded-for'
   */
  readonly forwardedField?: ForwardedField;
  readonly errorHandler?: Hooks['errorHandler'];
  readonly connState?: Hooks['connState'];
  readonly headerReceived?: Hooks['headerReceived'];
  readonly continueHandler?: Hooks['continueHandler'];
  /** Hears of a request that was refused before any handler, with the reason in words for a log. */
  readonly onRefused?: Hooks['onRefused'];
  /** Serves TLS, with the options of `tls.createServer`. */
  readonly tls?: TlsOptions;
  /** @default console */
  readonly logger?: HttpLogger;
}

/**
 * After so many turns of the event loop all has been read that the kernel has now. The first one ends the poll phase that goes on, and
 * each of the others has a whole one. There are two of them, because a worker that serves clients in turn leaves a connection out of one.
 */
const TURNS_TO_READ = 3;

/** A socket has its connection under this key, so that its listeners need no closure each. */
const CONNECTION: unique symbol = Symbol('prefork.connection');
type Connected = Socket & { [CONNECTION]?: Connection };

/**
 * An HTTP/1.1 server. It is a `net.Server`, so it listens and closes as any other, alone or under prefork.
 *
 * @example
 * const server = new Server({ handler: (ctx) => ctx.end('Hello') });
 * server.listen(8080);
 */
export class Server extends NetServer {
  readonly #core: ServerCore<Connection>;
  readonly #addresses = new Addresses();
  readonly #front: NetServer | undefined;
  /** Connections that are served over our own TLS, from when they are accepted until they close. */
  readonly #encrypted = new Set<Socket>();

  /** @throws MisuseError ERR_HTTP_OPTION that says what was expected */
  constructor(options: ServerOptions) {
    super({ allowHalfOpen: true, noDelay: true });
    const upgrade = (context: Context, isTunnel: boolean): boolean => this.#upgrade(context, isTunnel);
    const forwarded = forwardedOf(options);
    this.#core = new ServerCore(resolveSettings(options), forwarded, {
      ...options,
      handler: handlerOf(options),
      upgrade,
      logger: options.logger ?? console,
    });
    Object.defineProperty(this, SERVED, { value: this.#served() });
    this.#front = options.tls && this.#encrypt(options.tls);
    this.on('connection', (socket: Connected) => this.#onConnection(socket));
    this.on('listening', () => this.#onListening());
    if (this.#front === undefined)
      this.on('listening', () => interceptAccepting(this, (client) => this.#accept(client)));
  }

  /**
   * Stops accepting. What has come is answered. Each connection closes as soon as nothing of it is left to be answered, those that are
   * idle a moment later.
   */
  override close(callback?: (error?: Error) => void): this {
    this.#core.leaving.close(this.#core.settings.closeOnShutdown);
    super.close(callback);
    this.#afterReading((connection) => this.#core.leaving.isClosing && connection.leave());
    return this;
  }

  /** A server may be closed and listen again, also by a program that closes it when its port is in use, and tries another. */
  #onListening(): void {
    // An earlier listener may have closed it.
    if (this.listening && this.#core.leaving.reopen()) this.#stay();
  }

  #stay(): void {
    for (const connection of this.#core.connections) connection.stay();
  }

  /** Closes the connections on which nothing happens, as soon as what the kernel has of them is read. */
  closeIdleConnections(): void {
    this.#afterReading((connection) => connection.isIdle && connection.stop());
  }

  /** Closes every connection, whatever happens on it. A response that is not sent to its end does not look whole. */
  closeAllConnections(): void {
    for (const connection of this.#core.connections) connection.cut();
  }

  /** Does something with each connection that is here now, when all has been read of it that has come by now. */
  #afterReading(act: (connection: Connection) => void): void {
    const connections = [...this.#core.connections];
    let turns = TURNS_TO_READ;
    const look = (): void => {
      if (--turns > 0) setImmediate(look);
      else connections.forEach(act);
    };
    setImmediate(look);
  }

  /** Returns what prefork's worker asks for: what it counts, and how it drains. */
  #served(): Served {
    const { traffic, leaving } = this.#core;
    return {
      get started() {
        return traffic.started;
      },
      get finished() {
        return traffic.finished;
      },
      time: (onAnswered) => traffic.time(onAnswered),
      follow: (follower) => traffic.follow(follower),
      drain: (onFree) => leaving.drain(onFree),
      stay: () => {
        leaving.stay();
        this.#stay();
      },
      tellFree: (onFree) => leaving.tellFree(onFree),
      answerFirst: (path, answer) => this.#core.application.answerFirst(path, answer),
      idle: () => this.#idle(),
      sockets: () => this.#sockets(),
      receiving: () => this.#receiving(),
      rest: (socket) => (socket as Connected)[CONNECTION]?.rest ?? 'never',
    };
  }

  *#idle(): Generator<Socket> {
    for (const connection of this.#core.connections) if (connection.isIdle) yield connection.socket;
    for (const socket of this.#encrypted) if (socket.bytesRead === 0) yield socket;
  }

  *#sockets(): Generator<Socket> {
    for (const { socket } of this.#core.connections) yield socket;
  }

  *#receiving(): Generator<Receiving> {
    for (const { socket, part, bodySince } of this.#core.connections)
      if (part !== undefined) yield { socket, part, since: part === 'body' ? bodySince : undefined };
  }

  /** Accepts as `onconnection` of node:net does: the close of the server waits for this socket, and it is counted. */
  #accept(client: AcceptedHandle): void {
    client.setNoDelay?.(true);
    const source = new RawSource(client);
    const socket = source.socket as Connected;
    own(this, socket);
    const connection = new Connection(socket, source, this.#core);
    connection.start();
    this.#serve(socket, connection, this.#tooMany(socket, MOVED in client));
    this.emit('connection', socket);
  }

  /**
   * Takes connections that others bring: TLS that something else has decrypted, and our own TLS before it is decrypted.
   */
  #onConnection(socket: Connected): void {
    if (socket[CONNECTION] !== undefined) return;
    const refusal = this.#tooMany(socket);
    if (this.#front === undefined || 'encrypted' in socket) return this.#serveStream(socket, refusal);
    // There is no handshake for a connection that cannot be served. So it cannot be told the reason either.
    if (refusal !== undefined) {
      this.#core.application.refused(refusal, socket);
      return void socket.destroy();
    }
    this.#encrypted.add(socket);
    socket.once('close', () => this.#encrypted.delete(socket));
    this.#front.emit('connection', socket);
  }

  #serveStream(stream: Duplex, refusal?: Refusal): void {
    const socket = stream as Connected;
    const source = new StreamSource(socket);
    const connection = new Connection(socket, source, this.#core);
    connection.start();
    this.#serve(socket, connection, refusal);
  }

  #serve(socket: Connected, connection: Connection, refusal: Refusal | undefined): void {
    socket[CONNECTION] = connection;
    socket.on('end', onEnd).on('error', onError).on('close', onClose);
    if (refusal !== undefined) return this.#turnAway(socket, connection, refusal);
    this.#core.add(connection);
  }

  /** Turns a connection away at once, without waiting for what the client sends: there are too many already. */
  #turnAway(socket: Socket, connection: Connection, refusal: Refusal): void {
    connection.closed();
    this.#core.application.refused(refusal, socket);
    socket.end(refusalText(refusal, this.#core.heads), 'latin1', () => socket.destroy());
  }

  /**
   * Counts a connection that was accepted, until it closes, unless there are too many already.
   *
   * @param isMoved true when another process has served it, and admitted it
   */
  #tooMany(socket: Socket, isMoved = false): Refusal | undefined {
    const { concurrency, maxConnsPerIP } = this.#core.settings;
    const open = Math.max(this.#core.connections.size, this.#encrypted.size);
    if (!isMoved && concurrency !== 0 && open >= concurrency) return 'TOO_MANY_CONNECTIONS';
    const address = maxConnsPerIP === 0 ? undefined : socket.remoteAddress;
    if (address === undefined) return undefined;
    const client = clientOf(address);
    if (!this.#addresses.take(client, isMoved ? Infinity : maxConnsPerIP)) return 'TOO_MANY_OF_ADDRESS';
    socket.once('close', () => this.#addresses.give(client));
    return undefined;
  }

  #upgrade(context: Context, isTunnel: boolean): boolean {
    const event = isTunnel ? 'connect' : 'upgrade';
    if (this.listenerCount(event) === 0) return false;
    const request = new UpgradeRequest(context);
    const { socket, head } = context.hijack();
    this.emit(event, request, socket, head);
    return true;
  }

  #encrypt(options: TlsOptions): NetServer {
    const { createServer } = process.getBuiltinModule('node:tls');
    const handshakeTimeout = this.#core.settings.readTimeout;
    const front = createServer({ handshakeTimeout, ALPNProtocols: ['http/1.1'], ...options, allowHalfOpen: true });
    // The socket below was counted when it was accepted.
    front.on('secureConnection', (socket) => this.#serveStream(socket));
    front.on('tlsClientError', (_error, socket) => socket.destroy());
    return front;
  }
}

function handlerOf({ handler, fetch, lightGlobals = true }: ServerOptions): Handler {
  if (handler !== undefined && fetch === undefined) return handler;
  if (fetch !== undefined && handler === undefined) {
    if (lightGlobals) installLightGlobals();
    return fetchHandler(fetch, lightGlobals ? lightRequest : realRequest);
  }
  throw new MisuseError('ERR_HTTP_OPTION', 'expected either handler: (ctx) => ... or fetch: (request) => Response');
}

function onEnd(this: Connected): void {
  this[CONNECTION]!.ended();
}

/** An error closes the socket, which is all that there is to do. */
function onError(): void {}

function onClose(this: Connected): void {
  this[CONNECTION]!.closed();
}
