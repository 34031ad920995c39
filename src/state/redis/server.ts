import { createHash } from 'node:crypto';
import type * as redis from 'redis';
import { StateError } from '../error.ts';
import { scripts, type ScriptName } from './scripts.ts';
import { messageOf } from '../../contract/message-of.ts';
import { systemCode } from '../../contract/system-code.ts';

export interface ServerOptions {
  readonly url: string;
  /** How long an operation may take, and wait for a server that is away, in ms. */
  readonly timeout: number;
}

type Client = ReturnType<typeof redis.createClient>;
export type Argument = string | Buffer;

/**
 * The connections to the server: one for commands, and one to listen on when it is needed. The object owns both. They
 * reconnect by themselves when the server comes back. Meanwhile requests wait for at most `timeout`.
 */
export class Server {
  readonly #client: Client;
  /** The address for messages, without the passwords of the URL. */
  readonly #address: string;
  readonly #timeout: number;
  readonly #hashes = new Map<ScriptName, string>();
  #listening: Promise<Client> | undefined;
  #lastError: unknown;
  #awaySince: number | undefined;
  #isClosed = false;

  private constructor(client: Client, { url, timeout }: ServerOptions) {
    this.#client = client;
    this.#address = addressOf(url);
    this.#timeout = timeout;
    client.on('error', (error: unknown) => {
      this.#lastError = error;
      this.#awaySince ??= performance.now();
    });
    client.on('ready', () => (this.#awaySince = undefined));
  }

  /**
   * Connects.
   *
   * @throws StateError `ERR_STATE_UNAVAILABLE` when the server does not answer in time.
   */
  static async connect({ url, timeout }: ServerOptions): Promise<Server> {
    const { createClient: create, RESP_TYPES } = await load();
    const client = create({
      url: url.replace(/^valkey/, 'redis'),
      disableOfflineQueue: true,
      socket: { connectTimeout: timeout, reconnectStrategy: (attempt) => Math.min(20 * 2 ** attempt, 500) },
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
    });
    const server = new Server(client as unknown as Client, { url, timeout });
    try {
      await server.#within(client.connect());
      return server;
    } catch (error) {
      client.destroy();
      // The reason why the server was unreachable says more than the timeout.
      throw server.#unavailable(server.#lastError ?? error);
    }
  }

  async command(...parts: Argument[]): Promise<unknown> {
    await this.#ready();
    return this.#answer(this.#client.sendCommand(parts));
  }

  async script(name: ScriptName, keys: readonly string[], ...args: Argument[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.command('EVALSHA', this.#hashOf(name), ...rest);
    } catch (error) {
      // A server that was restarted has forgotten the script.
      if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
      return this.command('EVAL', scripts[name], ...rest);
    }
  }

  async subscribe(channel: string, listener: (message: Buffer) => void): Promise<() => void> {
    const client = await this.#answer((this.#listening ??= this.#listen()));
    await this.#answer(client.subscribe(channel, listener, true));
    return () => void client.unsubscribe(channel, listener, true).catch(() => {});
  }

  /** Sets whether the connection keeps the process alive. Node's sockets do by default, but the state should not. */
  keepAlive(alive: boolean): void {
    const listening = this.#listening ?? Promise.resolve(this.#client);
    void listening.then((client) => (alive ? client.ref() : client.unref())).catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const listening = await this.#listening?.catch(() => undefined);
    for (const client of [this.#client, listening]) {
      if (client?.isReady) await this.#within(client.close()).catch(() => client.destroy());
      else if (client?.isOpen) client.destroy();
    }
  }

  async #listen(): Promise<Client> {
    const client = this.#client.duplicate();
    client.on('error', () => {});
    await client.connect();
    client.unref();
    return client;
  }

  /** Waits for the connection. After the server has been away for longer than the timeout, requests fail at once. */
  async #ready(): Promise<void> {
    if (this.#isClosed) throw new StateError('ERR_STATE_CLOSED', 'the state is closed');
    if (this.#client.isReady) return;
    const left = this.#timeout - (performance.now() - (this.#awaySince ?? performance.now()));
    if (left <= 0) throw this.#unavailable(this.#lastError);
    await new Promise<void>((resolve, reject) => {
      const onReady = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#client.off('ready', onReady);
        reject(this.#unavailable(this.#lastError));
      }, left);
      this.#client.once('ready', onReady);
    });
  }

  async #answer<Result>(asked: Promise<Result>): Promise<Result> {
    try {
      return await this.#within(asked);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #within<Result>(asked: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(this.#unavailable(new Error(`no answer within ${this.#timeout} ms`))),
        this.#timeout,
      );
      asked.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** Explains an error. An error of the server begins with a word in capitals; any other comes from the connection. */
  #explained(error: unknown): unknown {
    if (error instanceof StateError) return error;
    const message = messageOf(error);
    if (message.startsWith('OOM')) {
      return new StateError('ERR_STATE_FULL', `Redis is full: ${message}`, { cause: error });
    }
    if (/^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOAUTH|WRONGPASS|NOPERM|MISCONF)\b/.test(message)) {
      return this.#unavailable(error);
    }
    if (message.startsWith('WRONGTYPE')) {
      return new StateError(
        'ERR_STATE_VALUE',
        'Redis has a value there that prefork did not write: choose another prefix',
        {
          cause: error,
        },
      );
    }
    return /^[A-Z]{3,} /.test(message) ? error : this.#unavailable(error);
  }

  #unavailable(cause: unknown): StateError {
    if (cause instanceof StateError) return cause;
    const why = reasonOf(cause);
    return new StateError(
      'ERR_STATE_UNAVAILABLE',
      `Redis at ${this.#address} cannot be reached${why && `: ${why}`}. A write that was sent may have been executed`,
      { cause },
    );
  }

  #hashOf(name: ScriptName): string {
    let hash = this.#hashes.get(name);
    if (hash === undefined) {
      hash = createHash('sha1').update(scripts[name]).digest('hex');
      this.#hashes.set(name, hash);
    }
    return hash;
  }
}

function addressOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || '6379'}${pathname === '/' ? '' : pathname}`;
  } catch {
    return 'an address that is not a URL';
  }
}

/**
 * Returns the message of an error. Node reports the attempts at a host with several addresses in an error whose own
 * message is empty.
 */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join(', ');
  const { message, code = 'an unknown error' } = (cause ?? { message: '', code: '' }) as NodeJS.ErrnoException;
  return message || code;
}

async function load(): Promise<typeof redis> {
  try {
    return await import('redis');
  } catch (cause) {
    if (systemCode(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new StateError(
      'ERR_STATE_MISSING_DEPENDENCY',
      'state in Redis or Valkey needs the package redis: npm install redis',
      { cause },
    );
  }
}
