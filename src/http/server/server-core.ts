import type { Socket } from 'node:net';
import { Clock } from './clock.ts';
import type { Context } from '../message/context.ts';
import { HttpError } from '../protocol/errors.ts';
import { faults, type Fault } from '../protocol/faults.ts';
import type { HeadReader } from '../protocol/head-reader.ts';
import type { ConnState, Hooks, RequestLimits } from '../message/hooks.ts';
import { Parser } from '../protocol/parser.ts';
import { ResponseHeads } from '../message/response-heads.ts';
import type { Settings } from './settings.ts';
import { reasonOf } from '../protocol/status.ts';

/** Parsers that wait for the next message: as many as are in use within one turn of the event loop, nearly always one. */
const SPARE_PARSERS = 64;
/** Bytes of chunk extensions, which nothing uses, in one body. */
const EXTENSIONS = 16 * 1024;

/** What the core knows of a connection. */
export interface Client {
  readonly socket: Socket;
  /** Looks whether it has waited for too long. */
  check(now: number): void;
}

/**
 * What the connections of a server share: settings, the clock, counts, spare parsers, and the application's functions, none
 * of which can end the process by throwing. Each tick it looks whether a connection has waited for too long.
 *
 * Owns the clock.
 */
export class ServerCore<Connection extends Client = Client> {
  readonly settings: Settings;
  readonly heads: ResponseHeads;
  readonly connections: Set<Connection> = new Set();
  readonly connState: ((socket: Socket, state: ConnState) => void) | undefined;
  isClosing = false;
  /** Connections that can move are told nothing, and others are to end. */
  isLeaving = false;
  /** Hears when a connection may be free to move. */
  onFree: ((socket: Socket) => void) | undefined;
  /** Requests given to the handler, and those of them that are over. */
  started = 0;
  finished = 0;
  /** Hears of each of those that was answered, see `Served.time`. Without it nothing is timed. */
  onAnswered: ((status: number, ms: number, alone?: Socket) => void) | undefined;
  readonly #hooks: Hooks;
  readonly #clock: Clock;
  readonly #parsers: Parser[] = [];
  #second = 0;
  #reserved = 0;

  constructor(settings: Settings, hooks: Hooks) {
    this.settings = settings;
    this.#hooks = hooks;
    const { connState } = hooks;
    this.connState = connState && ((socket, state) => this.#fence('connState', () => connState(socket, state)));
    this.heads = new ResponseHeads(settings);
    const { readTimeout, writeTimeout, idleTimeout, handlerTimeout } = settings;
    const times = [readTimeout, writeTimeout, idleTimeout, handlerTimeout].filter((time) => time > 0);
    this.#clock = new Clock(Math.min(...times), () => this.#tick());
  }

  /** Milliseconds, by a clock that stands still between ticks: it costs nothing to read. */
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

  /** It has closed. Idempotent. */
  remove(connection: Connection): void {
    if (this.#forget(connection)) this.connState?.(connection.socket, 'closed');
  }

  /** It is another's. */
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

  /** @returns false when bodies hold as much memory as they may. */
  reserve(bytes: number): boolean {
    const { maxBodyMemory } = this.settings;
    if (maxBodyMemory !== 0 && this.#reserved + bytes > maxBodyMemory) return false;
    this.#reserved += bytes;
    return true;
  }

  free(bytes: number): void {
    this.#reserved -= bytes;
  }

  /** What is wrong with a head that can be parsed. */
  judge(head: HeadReader): Fault | undefined {
    if (head.framing.hosts === 0 && head.minor === 1) return 'NO_HOST';
    if (this.settings.getOnly && head.method !== 'GET' && head.method !== 'HEAD') return 'NOT_GET';
    return undefined;
  }

  /** @throws what the hook throws */
  headerReceived(context: Context): RequestLimits | undefined {
    const limits = this.#hooks.headerReceived?.(context);
    this.#watch('headerReceived', limits);
    return limits;
  }

  /** @throws what the hook throws */
  continues(context: Context): boolean {
    const continues = this.#hooks.continueHandler?.(context);
    this.#watch('continueHandler', continues);
    return continues ?? true;
  }

  handle(context: Context): void {
    try {
      const result = this.#hooks.handler(context);
      if (isPromise(result)) result.then(undefined, (error: unknown) => this.failed(context, error));
    } catch (error) {
      this.failed(context, error);
    }
  }

  /** @returns whether the connection was taken. */
  upgrade(context: Context, isTunnel: boolean): boolean {
    try {
      return this.#hooks.upgrade(context, isTunnel);
    } catch (error) {
      this.log(`prefork/http: a listener of '${isTunnel ? 'connect' : 'upgrade'}' failed`, error);
      context.socket.destroy();
      return true;
    }
  }

  refused(fault: Fault, socket: Socket): void {
    const { reason } = faults[fault];
    const { onRefused } = this.#hooks;
    if (onRefused !== undefined) this.#fence('onRefused', () => onRefused(reason, socket));
    if (fault === 'HANDLER_TIMEOUT') this.log(`prefork/http: ${reason}`);
  }

  /** A handler has failed, or a hook that stands for it: the error handler answers. */
  failed(context: Context, error: unknown): void {
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

  /** A log that fails cannot be told of. */
  log(message: string, ...error: [unknown?]): void {
    try {
      const result: unknown = this.#hooks.logger.error(message, ...error);
      if (isPromise(result)) result.then(undefined, ignore);
    } catch {}
  }

  #forget(connection: Connection): boolean {
    if (!this.connections.delete(connection)) return false;
    if (this.connections.size === 0) this.#clock.stop();
    return true;
  }

  #failedTwice(context: Context, error: unknown): void {
    if (!context.isOpen) return this.#failedLate(context, error);
    context.reset();
    this.#answerError(context, error);
  }

  /** Nothing of the error's text reaches the client. */
  #answerError(context: Context, error: unknown): void {
    const status = statusOf(error);
    if (status === 500) this.#logFailure(context, error);
    context.status(status).end(reasonOf(status));
  }

  /** Half a response cannot be taken back: the client sees that it is not whole. */
  #failedLate(context: Context, error: unknown): void {
    // What was meant for a client that has left has no one to be told.
    if (!context.isAbandoned || statusOf(error) === 500) this.#logFailure(context, error);
    if (context.isUnderway && !context.isAnswered) context.break();
  }

  /** What a handler's own work ends with because its client has left is no failure. */
  #logFailure(context: Context, error: unknown): void {
    if (!context.hasFailedByLeaving(error)) this.log('prefork/http: a handler failed', error);
  }

  #fence(hook: string, call: () => unknown): void {
    try {
      this.#watch(hook, call());
    } catch (error) {
      this.#logHook(hook, error);
    }
  }

  /** A hook that is an asynchronous function is not waited for, and may fail all the same. */
  #watch(hook: string, result: unknown): void {
    if (isPromise(result)) result.then(undefined, (error: unknown) => this.#logHook(hook, error));
  }

  #logHook(hook: string, error: unknown): void {
    this.log(`prefork/http: ${hook} failed`, error);
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

function statusOf(error: unknown): number {
  return error instanceof HttpError ? error.status : 500;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function';
}

function ignore(): void {}
