import type { Engine } from './engine.ts';

const TIME_IS_OVER = 'its time is over';

/**
 * A lease that this process holds: renewed until it is released or lost. Owns its timers, none of which keeps the process
 * alive.
 *
 * It ends here before it ends for others: its time is counted from before it was asked for. `signal` aborts when that time
 * is over: its listeners hear of that once the event loop turns, and who looks at `aborted` or calls `throwIfAborted` sees it
 * at once, also in a process that was stopped for longer than the lease and has just gone on.
 */
export class HeldLease {
  readonly token: number;
  readonly signal: AbortSignal;
  readonly #engine: Engine;
  readonly #name: string;
  readonly #ttl: number;
  readonly #end = new AbortController();
  #deadline: number;
  #isOver = false;
  #renewal: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  /** @param since of `performance.now()`, before it was asked for. */
  constructor(engine: Engine, name: string, token: number, ttl: number, since: number) {
    this.#engine = engine;
    this.#name = name;
    this.token = token;
    this.#ttl = ttl;
    this.#deadline = since + ttl;
    this.signal = punctual(this.#end.signal, () => this.#endIfOver());
    this.#arm();
  }

  get isHeld(): boolean {
    return !this.signal.aborted;
  }

  /** Ends it here, so that whoever holds by it stops; for others it goes on until `release`. */
  end(reason: string): void {
    clearTimeout(this.#renewal);
    clearTimeout(this.#expiry);
    if (!this.#isOver) this.#end.abort(new Error(reason));
    this.#isOver = true;
  }

  /** Gives it back. If the store cannot be asked, it will lapse. */
  async release(): Promise<void> {
    this.end('it was given back');
    await this.#engine.release(this.#name, this.token).catch(() => {});
  }

  #endIfOver(): void {
    if (!this.#isOver && performance.now() >= this.#deadline) this.end(TIME_IS_OVER);
  }

  #arm(): void {
    clearTimeout(this.#expiry);
    const left = this.#deadline - performance.now();
    this.#expiry = setTimeout(() => this.end(TIME_IS_OVER), Math.max(0, left)).unref();
    this.#renewal = setTimeout(() => void this.#renew(), this.#ttl / 3).unref();
  }

  async #renew(): Promise<void> {
    // It was stopped for long: another may have the lease, and a renewal would only seem to bring it back.
    this.#endIfOver();
    if (this.#isOver) return;
    const since = performance.now();
    try {
      const isOurs = await this.#engine.renew(this.#name, this.token, this.#ttl);
      if (!isOurs) return this.end('another has it');
      this.#deadline = since + this.#ttl;
    } catch {
      // Of a store that cannot be asked: again later, while there is time.
    }
    if (!this.#isOver) this.#arm();
  }
}

/** The same signal, which looks at the clock whenever it is asked. */
function punctual(signal: AbortSignal, look: () => void): AbortSignal {
  const { get: isAborted } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted') as {
    get: () => boolean;
  };
  // eslint-disable-next-line typescript/unbound-method -- called with the signal as `this`
  const { throwIfAborted } = AbortSignal.prototype;
  return Object.defineProperties(signal, {
    aborted: {
      get(): boolean {
        look();
        return isAborted.call(signal);
      },
    },
    throwIfAborted: {
      value(): void {
        look();
        throwIfAborted.call(signal);
      },
    },
  });
}
