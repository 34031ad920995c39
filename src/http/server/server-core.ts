import type { Socket } from 'node:net';
import { Application } from './application.ts';
import { Clock } from './clock.ts';
import { Leaving } from './leaving.ts';
import { Traffic } from './traffic.ts';
import type { Fault } from '../protocol/faults.ts';
import type { HeadReader } from '../protocol/head-reader.ts';
import type { Hooks } from '../message/hooks.ts';
import { Parser } from '../protocol/parser.ts';
import { ResponseHeads } from '../message/response-heads.ts';
import type { Settings } from './settings.ts';

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
 * What the connections of a server share: settings, the clock, counts, spare parsers, memory for bodies, and the
 * application's functions. Each tick it looks whether a connection has waited for too long.
 *
 * Owns the clock.
 */
export class ServerCore<Connection extends Client = Client> {
  readonly settings: Settings;
  readonly heads: ResponseHeads;
  readonly connections: Set<Connection> = new Set();
  readonly application: Application;
  readonly traffic: Traffic = new Traffic();
  readonly leaving: Leaving = new Leaving();
  readonly #clock: Clock;
  readonly #parsers: Parser[] = [];
  #second = 0;
  #reserved = 0;

  constructor(settings: Settings, hooks: Hooks) {
    this.settings = settings;
    this.application = new Application(hooks);
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
    this.application.connState?.(connection.socket, 'new');
  }

  /** It has closed. Idempotent. */
  remove(connection: Connection): void {
    if (this.#forget(connection)) this.application.connState?.(connection.socket, 'closed');
  }

  /** It is another's. */
  left(connection: Connection): void {
    if (this.#forget(connection)) this.application.connState?.(connection.socket, 'hijacked');
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
