import type { Socket } from 'node:net';
import { Application } from './application.ts';
import { Clock } from './clock.ts';
import { Leaving } from './leaving.ts';
import { Traffic } from './traffic.ts';
import type { Refusal } from '../protocol/refusals.ts';
import type { HeadReader } from '../protocol/head-reader.ts';
import type { Forwarded } from '../message/forwarded.ts';
import type { Hooks } from '../message/hooks.ts';
import { Parser } from '../protocol/parser.ts';
import { ResponseHeads } from '../message/response-heads.ts';
import type { Settings } from './settings.ts';

/**
 * The number of parsers that wait for the next message: as many as are in use within one turn of the event loop, nearly
 * always one.
 */
const SPARE_PARSERS = 64;
/** The most bytes of chunk extensions, which nothing uses, in one body. */
const EXTENSIONS_BYTES = 16 * 1024;

/** The part of a connection that the core knows. */
export interface Client {
  readonly socket: Socket;
  /** Checks whether it has waited for too long. */
  check(now: number): void;
}

/**
 * The things that the connections of a server share: settings, the clock, counts, spare parsers, memory for bodies, and
 * the application's functions. Each tick it checks whether a connection has waited for too long.
 *
 * Owns the clock.
 */
export class ServerCore<Connection extends Client = Client> {
  readonly settings: Settings;
  /** Undefined where no proxy is trusted. */
  readonly forwarded: Forwarded | undefined;
  readonly heads: ResponseHeads;
  readonly connections: Set<Connection> = new Set();
  readonly application: Application;
  readonly traffic: Traffic = new Traffic();
  readonly leaving: Leaving = new Leaving();
  readonly #clock: Clock;
  readonly #parsers: Parser[] = [];
  #second = 0;
  #reserved = 0;

  constructor(settings: Settings, forwarded: Forwarded | undefined, hooks: Hooks) {
    this.settings = settings;
    this.forwarded = forwarded;
    this.application = new Application(hooks);
    this.heads = new ResponseHeads(settings);
    const { readTimeout, writeTimeout, idleTimeout, handlerTimeout } = settings;
    const times = [readTimeout, writeTimeout, idleTimeout, handlerTimeout].filter((time) => time > 0);
    this.#clock = new Clock(Math.min(...times), () => this.#tick());
  }

  /** The time in ms, by a clock that stands still between ticks: it costs nothing to read. */
  get now(): number {
    return this.#clock.now;
  }

  /** The number of bytes that the request bodies in memory hold. */
  get reserved(): number {
    return this.#reserved;
  }

  add(connection: Connection): void {
    this.#clock.start();
    if (this.connections.size === 0) this.#tickDate();
    this.connections.add(connection);
    this.application.connState?.(connection.socket, 'new');
  }

  /** Forgets a connection that has closed. It may be called again. */
  remove(connection: Connection): void {
    if (this.#forget(connection)) this.application.connState?.(connection.socket, 'closed');
  }

  /** Forgets a connection that was hijacked. */
  left(connection: Connection): void {
    if (this.#forget(connection)) this.application.connState?.(connection.socket, 'hijacked');
  }

  takeParser(): Parser {
    const { readBufferSize, maxFields } = this.settings;
    return this.#parsers.pop() ?? new Parser({ head: readBufferSize, fields: maxFields, extensions: EXTENSIONS_BYTES });
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

  /** Returns the refusal of a head that can be parsed. */
  judge(head: HeadReader): Refusal | undefined {
    if (head.framing.hosts === 0 && head.minor === 1) return 'NO_HOST';
    if (this.settings.getOnly && head.method !== 'GET' && head.method !== 'HEAD') return 'NOT_GET';
    return undefined;
  }

  #forget(connection: Connection): boolean {
    if (!this.connections.delete(connection)) return false;
    if (this.connections.size === 0) this.#clock.stop();
    return true;
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
