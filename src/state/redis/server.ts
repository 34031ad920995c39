import { EventEmitter } from 'node:events';
import { messageOf } from '../../contract/message-of.ts';
import { StateError } from '../error.ts';
import { Address } from './address.ts';
import { Away, Connection, type Client } from './connection.ts';
import { loadRedis } from './library.ts';
import { scripts, type ScriptName } from './scripts.ts';
import { ServerClock } from './server-clock.ts';
import { Subscriptions, type Subscriber } from './subscriptions.ts';

export interface ServerOptions {
  readonly url: string;
  /** How long an operation may take, and wait for a server that is away, in ms. */
  readonly timeout: number;
}

export type Argument = string | Buffer;

/** Whether a command may be sent again when the connection is lost before the answer. */
export type Repetition = 'once' | 'repeatable';

/** What happened to the connections, counted from the start. */
export interface ServerCounts {
  answers: number;
  /** The time of all answers together, in ms. */
  answerMs: number;
  timeouts: number;
  /** How often the server went away. */
  outages: number;
}

/** A server that became a replica, or shuts down, is as good as away. The connection is made anew, perhaps elsewhere. */
const MOVED_AWAY = /^(READONLY|MASTERDOWN|UNKILLABLE SHUTTINGDOWN)\b/;
const UNAVAILABLE = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|NOAUTH|WRONGPASS|NOPERM|MISCONF)\b/;

/**
 * The connections to the server: one for commands, and one to listen on when it is needed. The object owns both.
 *
 * @fires away with the reason, when the connection for commands is lost
 * @fires back when it is there again
 */
export class Server extends EventEmitter<{ away: [reason: StateError]; back: [] }> {
  readonly counts: ServerCounts = { answers: 0, answerMs: 0, timeouts: 0, outages: 0 };
  readonly #address: Address;
  readonly #clock = new ServerClock();
  readonly #commands: Connection;
  readonly #subscriptions: Subscriptions;
  #wasReady = false;

  private constructor(address: Address, timeout: number) {
    super();
    this.#address = address;
    const onTimeout = (): void => void this.counts.timeouts++;
    const shared = { timeout, onTimeout, makeClient: () => address.newClient(timeout) };
    this.#commands = new Connection({
      ...shared,
      isReferenced: true,
      probe: (client) => this.#clock.read(client),
      onConnect: async (client) => {
        this.#clock.forget();
        await address.check(client);
        await this.#clock.read(client);
      },
      onReady: () => {
        if (this.#wasReady) this.emit('back');
        this.#wasReady = true;
      },
      onAway: (reason) => {
        this.counts.outages++;
        this.emit('away', this.#unavailable(reason, false));
      },
      onAnswer: (ms) => {
        this.counts.answers++;
        this.counts.answerMs += ms;
      },
    });
    this.#subscriptions = new Subscriptions(shared);
  }

  /**
   * Prepares the connections, and does not wait for them.
   *
   * @throws StateError `ERR_STATE_USAGE` for a URL that cannot be used; `ERR_STATE_MISSING_DEPENDENCY`.
   */
  static async open({ url, timeout }: ServerOptions): Promise<Server> {
    await loadRedis();
    return new Server(new Address(url), timeout);
  }

  /**
   * Waits for the first connection.
   *
   * @throws StateError `ERR_STATE_UNAVAILABLE` when the server does not answer in time. Then all is closed.
   */
  async connected(): Promise<void> {
    try {
      await this.command('PING');
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get isAway(): boolean {
    return !this.#commands.isReady;
  }

  /** Sends a command that may be repeated: it reads, or does the same when it is done twice. */
  async command(...parts: Argument[]): Promise<unknown> {
    return this.#ask('repeatable', (client) => client.sendCommand(parts));
  }

  /** Publishes, at most once. */
  async publish(channel: string, message: Buffer): Promise<void> {
    await this.#ask('once', (client) => client.sendCommand(['PUBLISH', channel, message]));
  }

  async script(
    name: ScriptName,
    repetition: Repetition,
    keys: readonly string[],
    ...args: Argument[]
  ): Promise<unknown> {
    const until = this.#commands.newDeadline();
    const send = async (client: Client): Promise<unknown> => {
      const rest = [String(keys.length), ...keys, ...args, String(this.#clock.at(until))];
      try {
        return await client.sendCommand(['EVALSHA', scripts[name].sha1, ...rest]);
      } catch (error) {
        // A server that was restarted has forgotten the script.
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
        return client.sendCommand(['EVAL', scripts[name].source, ...rest]);
      }
    };
    return this.#ask(repetition, send, until);
  }

  /** @see Subscriptions.add */
  async subscribe(channel: string, subscriber: Subscriber): Promise<() => void> {
    return this.#explaining(() => this.#subscriptions.add(channel, subscriber));
  }

  /** Sets whether listening keeps the process alive. It does not at first. */
  keepAlive(alive: boolean): void {
    if (this.#subscriptions.isOpen) this.#subscriptions.setReferenced(alive);
    else this.#commands.setReferenced(alive);
  }

  async close(): Promise<void> {
    await Promise.all([this.#commands.close(), this.#subscriptions.close()]);
  }

  #ask(
    repetition: Repetition,
    ask: (client: Client) => Promise<unknown>,
    until = this.#commands.newDeadline(),
  ): Promise<unknown> {
    return this.#explaining(async () => {
      for (let wasLate = false, wasSent = false; ;) {
        try {
          return await this.#commands.run(ask, until);
        } catch (error) {
          if (error instanceof Away) {
            const isOver = repetition === 'once' || !error.wasSent || performance.now() >= until;
            wasSent ||= error.wasSent;
            if (isOver) throw new Away(error.cause, wasSent);
          } else if (messageOf(error).startsWith('LATE') && !wasLate) {
            // The server's clock was set. It did not execute the script.
            wasLate = true;
            this.#clock.forget();
            await this.#commands.run((client) => this.#clock.read(client), until);
          } else {
            if (MOVED_AWAY.test(messageOf(error))) this.#commands.reset(error);
            throw error;
          }
        }
      }
    });
  }

  async #explaining<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Explains an error. An error of the server begins with a word in capitals; any other comes from the connection. */
  #explained(error: unknown): unknown {
    if (error instanceof StateError) return error;
    if (error instanceof Away) return this.#unavailable(error.cause, error.wasSent);
    const message = messageOf(error);
    if (message.startsWith('OOM')) {
      return new StateError('ERR_STATE_FULL', `Redis is full: ${message}`, { cause: error });
    }
    if (UNAVAILABLE.test(message)) return this.#unavailable(error, false);
    if (message.startsWith('WRONGTYPE')) {
      return new StateError(
        'ERR_STATE_VALUE',
        'Redis has a value there that prefork did not write: choose another prefix',
        {
          cause: error,
        },
      );
    }
    return /^[A-Z]{3,} /.test(message) ? error : this.#unavailable(error, true);
  }

  #unavailable(cause: unknown, wasSent: boolean): StateError {
    if (cause instanceof StateError) return cause;
    const why = reasonOf(cause);
    const consequence = wasSent ? '. A write that was sent may have been executed' : '';
    return new StateError(
      'ERR_STATE_UNAVAILABLE',
      `Redis at ${this.#address.name} cannot be reached${why && `: ${why}`}${consequence}`,
      { cause, isUncertain: wasSent },
    );
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
