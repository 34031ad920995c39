/**
 * Clients that never reconnect. Each has one connection as long as it lives, and any end of that is a failure. The clients
 * use bare sockets, so that no library retries or repairs anything.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from './app.ts';

export interface KeptOptions {
  readonly connections: number;
  /** The requests. `post` has a body of 16 KB. `idle` asks only once at first and once at last. @default 'get' */
  readonly traffic?: 'get' | 'post' | 'idle';
  /** The longest pause between an answer and the next request in ms. @default 0 */
  readonly pause?: number;
  /** The number of requests that are sent at once. @default 1 */
  readonly pipelined?: number;
  /** The longest wait for an answer in ms. @default 20_000 */
  readonly patience?: number;
  /** Is called with the head of each answer. */
  readonly onAnswer?: (head: string) => void;
}

export interface KeptReport {
  readonly answers: number;
  /** Connections that closed, or failed. */
  readonly closed: number;
  /** Answers that said `Connection: close`. */
  readonly toldToClose: number;
  /** Requests that were not answered. */
  readonly lost: number;
  /** Answers that were not 200, or not what was asked for. */
  readonly wrong: number;
  /** Descriptions of the first few failures. */
  readonly failures: readonly string[];
  /** Response times in ms, sorted. */
  readonly times: readonly number[];
}

const BODY_BYTES = 16 * 1024;
const MOST_FAILURES = 5;
/** So many connect at once: the queue of a Unix socket has room for 511, and refuses the next. */
const AT_ONCE = 100;

/** A response with a length, and the data after it. */
interface Parsed {
  readonly head: string;
  readonly body: string;
  readonly rest: string;
}

/**
 * The clients. Their applications, echoes.js and http-echoes.js, answer with the method, the path and the body of a
 * request.
 */
export class KeptConnections {
  readonly #options: Required<KeptOptions>;
  readonly #sockets: Socket[] = [];
  readonly #loops: Array<Promise<void>> = [];
  readonly #times: number[] = [];
  readonly #failures: string[] = [];
  #isStopping = false;
  #isOver = false;
  #closed = 0;
  #toldToClose = 0;
  #lost = 0;
  #wrong = 0;

  private constructor(options: KeptOptions) {
    this.#options = { traffic: 'get', pause: 0, pipelined: 1, patience: 20_000, onAnswer: () => {}, ...options };
  }

  /** Opens the connections. The promise settles when each has been answered once. */
  static async open(target: Target, options: KeptOptions): Promise<KeptConnections> {
    const kept = new KeptConnections(options);
    for (let left = options.connections; left > 0; left -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, () => kept.#connect(target)));
    }
    return kept;
  }

  get answers(): number {
    return this.#times.length;
  }

  /** Asks once more on each connection, and ends. */
  async stop(): Promise<KeptReport> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
    return {
      answers: this.#times.length,
      closed: this.#closed,
      toldToClose: this.#toldToClose,
      lost: this.#lost,
      wrong: this.#wrong,
      failures: this.#failures,
      times: this.#times.toSorted((one, other) => one - other),
    };
  }

  async #connect(target: Target): Promise<void> {
    const socket = connect('socketPath' in target ? { path: target.socketPath } : target);
    this.#sockets.push(socket);
    await once(socket, 'connect');
    const client = new Client(socket, this.#options.patience, (what) => {
      if (this.#isOver) return;
      this.#closed++;
      this.#fail(what);
    });
    await this.#ask(client);
    this.#loops.push(this.#loop(client));
  }

  async #loop(client: Client): Promise<void> {
    const { traffic, pause } = this.#options;
    while (!this.#isStopping && client.isOpen) {
      if (traffic === 'idle') await delay(20);
      else {
        await this.#ask(client);
        if (pause > 0) await delay(Math.random() * pause);
      }
    }
    await this.#ask(client);
  }

  async #ask(client: Client): Promise<void> {
    const { traffic, pipelined } = this.#options;
    const asked = Array.from({ length: pipelined }, () => makeRequest(traffic === 'post'));
    const startedAt = performance.now();
    if (!client.isOpen) return this.#lose(asked.length, 'its connection is closed');
    client.write(asked.map(({ text }) => text).join(''));
    for (const [nth, { expected }] of asked.entries()) {
      const answer = await client.next();
      if (typeof answer === 'string') return this.#lose(asked.length - nth, answer);
      this.#times.push(performance.now() - startedAt);
      this.#options.onAnswer(answer.head);
      if (/^connection: *close/im.test(answer.head)) this.#toldToClose++;
      if (answer.head.startsWith('HTTP/1.1 200 ') && answer.body === expected) continue;
      this.#wrong++;
      this.#fail(`asked for ${expected.slice(0, 60)}, got ${answer.head.slice(0, 60)} ${answer.body.slice(0, 60)}`);
    }
  }

  #lose(count: number, why: string): void {
    this.#lost += count;
    this.#fail(why);
  }

  #fail(what: string): void {
    if (this.#failures.length < MOST_FAILURES) this.#failures.push(what);
  }
}

function makeRequest(hasBody: boolean): { text: string; expected: string } {
  const path = `/${randomBytes(8).toString('hex')}`;
  if (!hasBody) return { text: `GET ${path} HTTP/1.1\r\nHost: kept\r\n\r\n`, expected: `GET ${path} ` };
  const body = randomBytes(BODY_BYTES / 2).toString('hex');
  const head = `POST ${path} HTTP/1.1\r\nHost: kept\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
  return { text: head + body, expected: `POST ${path} ${body}` };
}

/** Reads responses from one socket. */
class Client {
  readonly #socket: Socket;
  readonly #patience: number;
  #bytes = '';
  #end: string | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket, patience: number, onEnd: (what: string) => void) {
    this.#socket = socket;
    this.#patience = patience;
    const end = (what: string): void => {
      if (this.#end !== undefined) return;
      this.#end = what;
      onEnd(what);
      this.#wake();
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#bytes += chunk;
      this.#wake();
    });
    socket.on('end', () => end('the server closed it'));
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('it closed'));
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Returns the next response, or the reason why there is none. */
  async next(): Promise<Parsed | string> {
    const deadline = performance.now() + this.#patience;
    for (;;) {
      const parsed = parse(this.#bytes);
      if (parsed !== undefined) {
        this.#bytes = parsed.rest;
        return parsed;
      }
      if (this.#end !== undefined) return this.#end;
      const left = deadline - performance.now();
      if (left <= 0) return `no answer within ${this.#patience} ms`;
      await this.#woken(left);
    }
  }

  async #woken(within: number): Promise<void> {
    const over = new AbortController();
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await Promise.race([woken, delay(within, undefined, { signal: over.signal }).catch(() => undefined)]);
    over.abort();
  }
}

function parse(bytes: string): Parsed | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.slice(0, end);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const from = end + 4;
  if (bytes.length < from + length) return undefined;
  return { head, body: bytes.slice(from, from + length), rest: bytes.slice(from + length) };
}
