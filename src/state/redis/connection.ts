import type * as redis from 'redis';
import { isOutage, StateError } from '../error.ts';
import { isReply } from './replies.ts';

export type Client = ReturnType<typeof redis.createClient>;

export interface ConnectionOptions {
  /** Makes a client that is not connected yet. It is asked anew for each attempt, because the server may have moved. */
  readonly makeClient: () => Promise<Client>;
  /** How long a command may take, in ms, and how long it may wait for a server that is away. */
  readonly timeout: number;
  /** How long connecting may take, in ms, where there are other servers to ask. @default `timeout` */
  readonly connectTimeout?: number;
  /** False for a connection that must not keep the process alive. */
  readonly isReferenced: boolean;
  /** Asks something that every server answers. It runs when the connection is idle. */
  readonly probe: (client: Client) => Promise<unknown>;
  /** Runs after each connect, before any command does. An error makes the connection start anew. */
  readonly onConnect: (client: Client) => Promise<void>;
  /** The connection is lost. It tells this once, until it is ready again. */
  readonly onAway?: (reason: unknown) => void;
  readonly onReady?: () => void;
  /** A command or a ping got no answer in time. */
  readonly onTimeout?: () => void;
  /** A command was answered after this many ms. */
  readonly onAnswer?: (ms: number) => void;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/**
 * A connection to a server, which is made anew whenever it is lost.
 *
 * A network that is cut tells neither end. TCP would wait for minutes, and grow its pauses meanwhile. So each command has a
 * deadline, and a connection that is idle is probed. When no answer comes, the connection is thrown away.
 * From then on commands fail at once, while new attempts to connect probe the server, twice a second or more often. A
 * connection that the server itself has closed is different: the server is probably starting again, so commands wait
 * for it for as long as they may.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #client: Client | undefined;
  #lastError: unknown;
  /** Since when the server has been away, by `performance.now()`. Undefined while the connection is ready. */
  #awaySince: number | undefined = performance.now();
  #answeredAt = 0;
  #isClosed = false;
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #ending = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    void this.#connect();
  }

  get isReady(): boolean {
    return this.#client !== undefined;
  }

  /** Why the server is away, or was the last time. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Runs a command.
   *
   * @param until when it must be answered, by `performance.now()`.
   * @throws `Away` when there is no connection, or no answer in time; otherwise the error of the server.
   */
  async run<Result>(ask: (client: Client) => Promise<Result>, until: number = this.newDeadline()): Promise<Result> {
    const client = await this.#ready(until);
    const since = performance.now();
    const result = await this.#inTime(client, ask(client), until);
    this.#answeredAt = performance.now();
    this.#options.onAnswer?.(this.#answeredAt - since);
    return result;
  }

  newDeadline(): number {
    return performance.now() + this.#options.timeout;
  }

  /** Throws the connection away, and makes a new one. */
  reset(reason: unknown): void {
    if (this.#client !== undefined) this.#lose(this.#client, reason, performance.now());
  }

  setReferenced(isReferenced: boolean): void {
    if (isReferenced) this.#client?.ref();
    else this.#client?.unref();
  }

  /** Closes the connection after what is under way is answered. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#ending.abort();
    this.#wake();
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    await within(client.close(), this.#options.timeout).catch(() => end(client));
  }

  async #connect(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#isClosed; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const client = await this.#attempt();
        if (this.#isClosed) return end(client);
        return this.#become(client);
      } catch (error) {
        this.#lastError = error;
        if (isFinal(error)) this.#wake();
      }
      await this.#pause(pause);
    }
  }

  /** Connects. The attempt has a deadline of its own, because a server may accept connections and answer nothing. */
  async #attempt(): Promise<Client> {
    const { makeClient, onConnect, timeout, connectTimeout = timeout } = this.#options;
    const client = await within(makeClient(), timeout);
    // Without a listener an error would end the process.
    client.on('error', () => {});
    try {
      await within(client.connect(), connectTimeout);
      await within(onConnect(client), timeout);
      if (!client.isReady) throw new Error('the connection was closed at once');
      return client;
    } catch (error) {
      end(client);
      throw error;
    }
  }

  #become(client: Client): void {
    client.on('error', (error: unknown) => this.#lose(client, error, performance.now()));
    client.on('end', () => this.#lose(client, new Error('the server closed the connection'), performance.now()));
    if (!this.#options.isReferenced) client.unref();
    this.#client = client;
    this.#awaySince = undefined;
    this.#answeredAt = performance.now();
    this.#options.onReady?.();
    this.#wake();
    this.#watchIdle(client);
  }

  /** @param since since when the server counts as away. */
  #lose(client: Client, reason: unknown, since: number): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#lastError = reason;
    this.#awaySince = since;
    clearTimeout(this.#idleTimer);
    end(client);
    this.#options.onAway?.(reason);
    if (!this.#isClosed) void this.#connect();
  }

  /** Probes the connection when nothing was answered lately. */
  #watchIdle(client: Client): void {
    const every = this.#options.timeout;
    this.#idleTimer = setTimeout(() => {
      if (this.#client !== client) return;
      if (performance.now() - this.#answeredAt < every) return this.#watchIdle(client);
      void this.run(this.#options.probe)
        .catch(() => {})
        .finally(() => {
          if (this.#client === client) this.#watchIdle(client);
        });
    }, every).unref();
  }

  /** Waits for the connection. After the server has been away for longer than the timeout, this fails at once. */
  async #ready(until: number): Promise<Client> {
    while (this.#client === undefined) {
      if (this.#isClosed) throw newClosedError();
      // The server is there, and cannot be used. Waiting would not help.
      if (isFinal(this.#lastError)) throw new Away(this.#lastError, false);
      const away = this.#awaySince ?? performance.now();
      const left = Math.min(until, away + this.#options.timeout) - performance.now();
      if (left <= 0)
        throw new Away(this.#lastError ?? new Error(`no connection within ${this.#options.timeout} ms`), false);
      await new Promise<void>((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(finish);
          resolve();
        };
        const timer = setTimeout(finish, left);
        this.#waiting.add(finish);
      });
    }
    return this.#client;
  }

  #wake(): void {
    for (const finish of this.#waiting) finish();
  }

  #inTime<Result>(client: Client, asked: Promise<Result>, until: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          const reason = new Error(`no answer within ${this.#options.timeout} ms`);
          this.#options.onTimeout?.();
          reject(new Away(reason, true));
          // The others that are under way get no answer either, and later ones need not wait.
          this.#lose(client, reason, performance.now() - this.#options.timeout);
        },
        Math.max(0, until - performance.now()),
      );
      asked
        .then(resolve, (error: unknown) => {
          // `close` waits for what the server says to the commands that are under way, and it may say that it did not execute them.
          const isAnswer = this.#client === client || (this.#isClosed && isReply(error));
          reject(isAnswer ? error : new Away(this.#lastError ?? error, true));
        })
        .finally(() => clearTimeout(timer));
    });
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#ending;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, ms);
      if (!this.#options.isReferenced) timer.unref();
      signal.addEventListener('abort', finish, { once: true });
      function finish(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      }
    });
  }
}

/** The server could not be asked, or gave no answer. `cause` says why. */
export class Away extends Error {
  /** Whether the command was sent. If so, the server may have executed it. */
  readonly wasSent: boolean;

  constructor(cause: unknown, wasSent: boolean) {
    super('the server is away', { cause });
    this.wasSent = wasSent;
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof StateError && !isOutage(error);
}

export function newClosedError(): StateError {
  return new StateError('ERR_STATE_CLOSED', 'the state is closed');
}

/** Ends a client at once. One of redis 5 that is closing, or was never connected, throws. */
export function end(client: Pick<Client, 'destroy' | 'unref'>): void {
  try {
    client.destroy();
  } catch {
    client.unref();
  }
}

async function within<Result>(asked: Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
