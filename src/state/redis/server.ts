import { EventEmitter } from 'node:events';
import { messageOf } from '../../contract/message-of.ts';
import { StateError } from '../error.ts';
import { Address } from './address.ts';
import { Alone } from './alone.ts';
import { Cluster } from './cluster.ts';
import { Away } from './connection.ts';
import { Format } from './format.ts';
import { loadRedis } from './library.ts';
import { isReply } from './replies.ts';
import { scripts, type ScriptName } from './scripts.ts';
import { Subscriptions, type Subscriber } from './subscriptions.ts';
import {
  reading,
  type Argument,
  type Question,
  type Repetition,
  type Topology,
  type TopologyOptions,
} from './topology.ts';

export interface ServerOptions {
  readonly url: string;
  /** How long an operation may take, and wait for a server that is away, in ms. */
  readonly timeout: number;
  /** The text before every key. */
  readonly prefix: string;
  /** In a cluster, messages go by the server that has this key. */
  readonly home: string;
}

/** What happened to the connections, counted from the start. */
export interface ServerCounts {
  answers: number;
  /** The time of all answers together, in ms. */
  answerMs: number;
  timeouts: number;
  /** How often the server went away. */
  outages: number;
}

const UNAVAILABLE = /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|MOVED|ASK|TRYAGAIN|NOAUTH|WRONGPASS|NOPERM|MISCONF)\b/;
/** How often the format is looked at. So it is also among the keys that were used lately, which Redis evicts last. */
const FORMAT_EVERY_MS = 10_000;

/**
 * The server or servers of a URL: connections for commands, and one to listen on when it is needed. The object owns them.
 *
 * @fires away with the reason, when a server that is needed is lost
 * @fires back when all are there again
 */
export class Server extends EventEmitter<{ away: [reason: StateError]; back: [] }> {
  readonly counts: ServerCounts = { answers: 0, answerMs: 0, timeouts: 0, outages: 0 };
  readonly #address: Address;
  readonly #timeout: number;
  readonly #format: Format;
  readonly #topology: Topology;
  readonly #subscriptions: Subscriptions;
  readonly #formatTimer: NodeJS.Timeout;
  #wasReady = false;
  #isCheckingFormat = false;

  private constructor(address: Address, { timeout, prefix, home }: ServerOptions) {
    super();
    this.#address = address;
    this.#timeout = timeout;
    this.#format = new Format(prefix);
    const onTimeout = (): void => void this.counts.timeouts++;
    const options: TopologyOptions = {
      timeout,
      onTimeout,
      check: (send) => this.#format.check((parts) => send(this.#format.key, parts)),
      onReady: () => {
        if (this.#wasReady) this.emit('back');
        this.#wasReady = true;
      },
      onAway: (reason) => {
        this.counts.outages++;
        this.emit('away', this.#unavailable(reason, false));
      },
      onMoved: (reason) => this.#subscriptions.reset(reason),
      onAnswer: (ms) => {
        this.counts.answers++;
        this.counts.answerMs += ms;
      },
    };
    this.#topology =
      address.kind === 'cluster' ? new Cluster(address, { ...options, home }) : new Alone(address, options);
    this.#subscriptions = new Subscriptions({ timeout, onTimeout, makeClient: () => this.#topology.newListener() });
    this.#formatTimer = setInterval(() => void this.#checkFormat(), FORMAT_EVERY_MS).unref();
  }

  /**
   * Prepares the connections, and does not wait for them.
   *
   * @throws StateError `ERR_STATE_USAGE` for a URL that cannot be used; `ERR_STATE_MISSING_DEPENDENCY`.
   */
  static async open(options: ServerOptions): Promise<Server> {
    await loadRedis();
    return new Server(new Address(options.url), options);
  }

  /**
   * Waits for the first connection.
   *
   * @throws StateError `ERR_STATE_UNAVAILABLE` when the server does not answer in time. Then all is closed.
   */
  async connected(): Promise<void> {
    try {
      await this.command(this.#format.key, 'GET', this.#format.key);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get isAway(): boolean {
    return this.#topology.isAway;
  }

  /** Sends a command that may be repeated: it reads, or does the same when it is done twice. */
  async command(key: string, ...parts: Argument[]): Promise<unknown> {
    return this.#explaining(() => this.#topology.run(reading(key, parts, this.#timeout)));
  }

  /** Publishes, at most once. */
  async publish(channel: string, message: Buffer): Promise<void> {
    const question = reading(channel, ['PUBLISH', channel, message], this.#timeout);
    await this.#explaining(() => this.#topology.run({ ...question, repetition: 'once' }));
  }

  /** @param keys the first is never missing, and all are on one server. */
  async script(
    name: ScriptName,
    repetition: Repetition,
    keys: readonly [string, ...string[]],
    ...args: Argument[]
  ): Promise<unknown> {
    const until = performance.now() + this.#timeout;
    const ask: Question['ask'] = async (send, clock) => {
      const rest = [String(keys.length), ...keys, ...args, String(clock.at(until))];
      try {
        return await send(['EVALSHA', scripts[name].sha1, ...rest]);
      } catch (error) {
        // A server that was restarted has forgotten the script.
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
        return send(['EVAL', scripts[name].source, ...rest]);
      }
    };
    return this.#explaining(() => this.#topology.run({ key: keys[0], repetition, until, ask }));
  }

  /**
   * Lists the keys that match, in pages. All of them are on the server that has `key`. One that is there all the time is
   * listed once or more often.
   */
  async *scan(key: string, pattern: string): AsyncIterable<readonly string[]> {
    try {
      yield* this.#topology.scan(key, pattern);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** @see Subscriptions.add */
  async subscribe(channel: string, subscriber: Subscriber): Promise<() => void> {
    return this.#explaining(() => this.#subscriptions.add(channel, subscriber));
  }

  /** Sets whether listening keeps the process alive. It does not at first. */
  keepAlive(alive: boolean): void {
    if (this.#subscriptions.isOpen) this.#subscriptions.setReferenced(alive);
    else this.#topology.setReferenced(alive);
  }

  async close(): Promise<void> {
    clearInterval(this.#formatTimer);
    await Promise.all([this.#topology.close(), this.#subscriptions.close()]);
  }

  /** Looks whether a newer version has begun another format. What this one writes from then on would harm both. It looks once at a time. */
  async #checkFormat(): Promise<void> {
    if (this.#isCheckingFormat) return;
    this.#isCheckingFormat = true;
    const { key } = this.#format;
    try {
      await this.#format.check((parts) => this.#topology.run(reading(key, parts, this.#timeout)));
    } catch (error) {
      if (error instanceof StateError && error.code === 'ERR_STATE_VERSION') this.#topology.reset(error);
    } finally {
      this.#isCheckingFormat = false;
    }
  }

  async #explaining<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Explains an error, of the server or of the connection. */
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
    return isReply(error) ? error : this.#unavailable(error, true);
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
