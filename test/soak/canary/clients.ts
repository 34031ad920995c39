import { connect, type Socket } from 'node:net';
import type { Target } from '../../support/app.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
const END = '\r\n\r\nok';

/** How long an answer may take before its request counts as lost, ms. A rescued hang takes some seconds. */
const PATIENCE_MS = 10_000;

/** What clients saw of one generation. */
export interface Seen {
  answered: number;
  failed: number;
}

/**
 * Clients that keep their connections, and together send so many requests a second. Owns the connections, which `close` ends.
 */
export class Clients {
  readonly seen = new Map<number, Seen>();
  /** Requests without an answer. */
  lost = 0;
  /** Connections that the server closed. */
  closed = 0;
  readonly #clients: Client[];

  constructor(target: Target, connections: number, rate: number) {
    const pause = (connections / rate) * 1000;
    this.#clients = Array.from({ length: connections }, (_, index) => {
      const counts = {
        answered: (generation: number, isFailed: boolean) => this.#answered(generation, isFailed),
        lost: () => void this.lost++,
        closed: () => void this.closed++,
      };
      return new Client(target, pause, (index / connections) * pause, counts);
    });
  }

  get answered(): number {
    return [...this.seen.values()].reduce((sum, one) => sum + one.answered, 0);
  }

  /** Returns how many clients had their last answer from this generation. */
  at(generation: number): number {
    return this.#clients.filter((client) => client.generation === generation).length;
  }

  /** Stops sending, and settles when all that was sent is answered or lost. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #answered(generation: number, isFailed: boolean): void {
    const seen = this.seen.get(generation) ?? { answered: 0, failed: 0 };
    seen.answered++;
    if (isFailed) seen.failed++;
    this.seen.set(generation, seen);
  }
}

interface Counts {
  answered(generation: number, isFailed: boolean): void;
  lost(): void;
  closed(): void;
}

/** A client, which has one connection at a time. It sends when it is due, or when the answer to its last request is there. */
class Client {
  generation = 0;
  readonly #target: Target;
  readonly #pause: number;
  readonly #counts: Counts;
  #socket: Socket;
  #timer: NodeJS.Timeout;
  #text = '';
  #due: number;
  #sentAt: number | undefined;
  #isClosing = false;
  #ended: (() => void) | undefined;

  constructor(target: Target, pause: number, first: number, counts: Counts) {
    this.#target = target;
    this.#pause = pause;
    this.#counts = counts;
    this.#due = performance.now() + first;
    this.#socket = this.#connect();
    this.#timer = setTimeout(() => this.#send(), first);
  }

  close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    return new Promise((resolve) => {
      this.#ended = () => {
        clearTimeout(this.#timer);
        this.#socket.destroy();
        resolve();
      };
      if (this.#sentAt === undefined) this.#ended();
    });
  }

  #connect(): Socket {
    const socket = connectTo(this.#target).setEncoding('latin1').setNoDelay(true);
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(socket));
    return socket;
  }

  #send(): void {
    if (this.#isClosing) return;
    this.#sentAt = performance.now();
    this.#due = Math.max(this.#due + this.#pause, this.#sentAt - 1000);
    this.#socket.write(REQUEST);
    // The answer takes the place of this timer.
    this.#timer = setTimeout(() => this.#socket.destroy(), PATIENCE_MS);
  }

  #receive(text: string): void {
    this.#text += text;
    if (!this.#text.endsWith(END)) return;
    this.generation = Number(/x-generation: (\d+)/i.exec(this.#text)?.[1]);
    this.#counts.answered(this.generation, this.#text.startsWith('HTTP/1.1 500'));
    this.#text = '';
    this.#sentAt = undefined;
    this.#next();
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket || (this.#isClosing && this.#sentAt === undefined)) return;
    this.#counts.closed();
    if (this.#sentAt !== undefined) this.#counts.lost();
    this.#sentAt = undefined;
    this.#text = '';
    if (!this.#isClosing) this.#socket = this.#connect();
    this.#next();
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#isClosing) this.#ended?.();
    else this.#timer = setTimeout(() => this.#send(), Math.max(0, this.#due - performance.now()));
  }
}

function connectTo(target: Target): Socket {
  return 'port' in target ? connect(target.port, target.host) : connect(target.socketPath);
}
