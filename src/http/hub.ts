import type { Socket } from 'node:net';
import { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Context } from './context.ts';
import { HttpError } from './errors.ts';
import { faults, type Fault } from './faults.ts';
import type { HeadReader } from './head-reader.ts';
import type { ConnState, Host, RequestLimits } from './host.ts';
import { Parser } from './parser.ts';
import { ResponseHeads } from './response-heads.ts';
import type { Settings } from './settings.ts';
import { reasonOf } from './status.ts';

/** Answers a request, now or later. What it throws, or rejects with, is answered by the error handler. */
export type Handler = (context: Context) => unknown;

/** Where errors go that no client should see; `console` and pino fit. */
export interface HttpLogger {
  error(message: string, error?: unknown): void;
}

/** The functions of a server that are the application's. */
export interface Hooks {
  readonly handler: Handler;
  /** Answers for a handler that has thrown. @default the status of an HttpError, 500 for any other, which is logged */
  readonly errorHandler?: ((context: Context, error: unknown) => unknown) | undefined;
  /** Each change in a connection's life. */
  readonly connState?: ((socket: Socket, state: ConnState) => void) | undefined;
  /** Before a body is read: other limits for this request. */
  readonly headerReceived?: ((context: Context) => RequestLimits | undefined) | undefined;
  /** Whether the client may go on that sent `Expect: 100-continue`. @default yes */
  readonly continueHandler?: ((context: Context) => boolean) | undefined;
  /** A request was refused before any handler. */
  readonly onRefused?: ((reason: string, socket: Socket) => void) | undefined;
  /** @returns whether somebody took the connection. */
  readonly upgrade: (context: Context, isTunnel: boolean) => boolean;
  readonly logger: HttpLogger;
}

/** Parsers that wait for the next message: as many as are in use within one turn of the event loop, nearly always one. */
const SPARE_PARSERS = 64;
/** Bytes of chunk extensions, which nobody uses, in one body. */
const EXTENSIONS = 16 * 1024;

/**
 * What the connections of a server share. Knows them all, and each tick looks whether one has waited for too long.
 *
 * Owns the clock.
 */
export class Hub implements Host {
  readonly settings: Settings;
  readonly heads: ResponseHeads;
  readonly connections: Set<Connection> = new Set();
  readonly connState: Host['connState'];
  isClosing = false;
  toDismiss = 0;
  started = 0;
  finished = 0;
  onAnswered: Host['onAnswered'];
  readonly #hooks: Hooks;
  readonly #clock: Clock;
  readonly #parsers: Parser[] = [];
  #second = 0;
  #reserved = 0;

  constructor(settings: Settings, hooks: Hooks) {
    this.settings = settings;
    this.#hooks = hooks;
    this.connState = hooks.connState;
    this.heads = new ResponseHeads(settings);
    const { readTimeout, writeTimeout, idleTimeout, handlerTimeout } = settings;
    const times = [readTimeout, writeTimeout, idleTimeout, handlerTimeout].filter((time) => time > 0);
    this.#clock = new Clock(Math.min(...times), () => this.#tick());
  }

  get now(): number {
    return this.#clock.now;
  }

  /** What the request bodies in memory hold. */
  get reserved(): number {
    return this.#reserved;
  }

  add(connection: Connection): void {
    this.#clock.start();
    if (this.connections.size === 0) this.#tickDate();
    this.connections.add(connection);
    this.connState?.(connection.socket, 'new');
  }

  remove(connection: Connection): void {
    if (this.#forget(connection)) this.connState?.(connection.socket, 'closed');
  }

  left(connection: Connection): void {
    if (this.#forget(connection)) this.connState?.(connection.socket, 'hijacked');
  }

  takeParser(): Parser {
    const { readBufferSize, maxFields } = this.settings;
    return this.#parsers.pop() ?? new Parser({ head: readBufferSize, fields: maxFields, extensions: EXTENSIONS });
  }

  giveParser(parser: Parser): void {
    if (!parser.isFresh) parser.reset();
    if (this.#parsers.length < SPARE_PARSERS) this.#parsers.push(parser);
  }

  reserve(bytes: number): boolean {
    const { maxBodyMemory } = this.settings;
    if (maxBodyMemory !== 0 && this.#reserved + bytes > maxBodyMemory) return false;
    this.#reserved += bytes;
    return true;
  }

  free(bytes: number): void {
    this.#reserved -= bytes;
  }

  judge(head: HeadReader): Fault | undefined {
    if (head.framing.hosts === 0 && head.minor === 1) return 'NO_HOST';
    if (this.settings.getOnly && head.method !== 'GET' && head.method !== 'HEAD') return 'NOT_GET';
    return undefined;
  }

  headerReceived(context: Context): RequestLimits | undefined {
    return this.#hooks.headerReceived?.(context);
  }

  continues(context: Context): boolean {
    return this.#hooks.continueHandler?.(context) ?? true;
  }

  handle(context: Context): void {
    try {
      const result = this.#hooks.handler(context);
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.#failed(context, error));
    } catch (error) {
      this.#failed(context, error);
    }
  }

  upgrade(context: Context, isTunnel: boolean): boolean {
    return this.#hooks.upgrade(context, isTunnel);
  }

  refused(fault: Fault, socket: Socket): void {
    const { reason } = faults[fault];
    this.#hooks.onRefused?.(reason, socket);
    if (fault === 'HANDLER_TIMEOUT') this.#hooks.logger.error(`prefork/http: ${reason}`);
  }

  #forget(connection: Connection): boolean {
    if (!this.connections.delete(connection)) return false;
    if (this.connections.size === 0) this.#clock.stop();
    return true;
  }

  #failed(context: Context, error: unknown): void {
    if (!context.isOpen) return this.#failedLate(context, error);
    context.reset();
    const { errorHandler } = this.#hooks;
    if (errorHandler === undefined) return this.#answerError(context, error);
    try {
      const result = errorHandler(context, error);
      if (isPromise(result)) result.then(undefined, (second: unknown) => this.#failedTwice(context, second));
    } catch (second) {
      this.#failedTwice(context, second);
    }
  }

  #failedTwice(context: Context, error: unknown): void {
    if (!context.isOpen) return this.#failedLate(context, error);
    context.reset();
    this.#answerError(context, error);
  }

  /** Nothing of the error's text reaches the client. */
  #answerError(context: Context, error: unknown): void {
    const status = error instanceof HttpError ? error.status : 500;
    if (status === 500) this.#log(error);
    context.status(status).end(reasonOf(status));
  }

  /** Half a response cannot be taken back: the client sees that it is not whole. */
  #failedLate(context: Context, error: unknown): void {
    // What a handler's own work ends with because its client has left.
    if (context.signal.aborted && error === context.signal.reason) return;
    this.#log(error);
    if (!context.isAnswered) context.socket.destroy();
  }

  #log(error: unknown): void {
    this.#hooks.logger.error('prefork/http: a handler failed', error);
  }

  #tick(): void {
    this.#tickDate();
    for (const connection of this.connections) connection.check(this.now);
  }

  #tickDate(): void {
    const second = Math.trunc(Date.now() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.heads.tick();
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function';
}
