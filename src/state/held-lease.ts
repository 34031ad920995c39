import type { Engine, Lease } from './engine.ts';

const TIME_IS_OVER = 'its time is over';

/**
 * A lease that this process holds. The object renews it until it is released or lost. It owns timers, none of which
 * keeps the process alive.
 *
 * The lease ends here before it ends for others, because its time is counted from before the request. `signal` aborts
 * when that time is over. Listeners hear of it once the event loop turns. `aborted` and `throwIfAborted` tell at once,
 * even in a process that was stopped for longer than the lease and has just continued.
 */
export class HeldLease {
  readonly token: number;
  readonly signal: AbortSignal;
  readonly #engine: Engine;
  readonly #lease: Lease;
  readonly #ttl: number;
  readonly #end = new AbortController();
  #deadline: number;
  #isOver = false;
  #renewal: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  /**
   * Starts the renewals.
   *
   * @param since the `performance.now()` before the lease was asked for.
   */
  constructor(engine: Engine, lease: Lease, ttl: number, since: number) {
    this.#engine = engine;
    this.#lease = lease;
    this.token = lease.token;
    this.#ttl = ttl;
    this.#deadline = since + ttl;
    this.signal = punctual(this.#end.signal, () => this.#endIfOver());
    this.#arm();
  }

  get isHeld(): boolean {
    return !this.signal.aborted;
  }

  /** Ends the lease here, so that the work that relies on it stops. For others it lasts until `release`. */
  end(reason: string): void {
    clearTimeout(this.#renewal);
    clearTimeout(this.#expiry);
    if (!this.#isOver) this.#end.abort(new Error(reason));
    this.#isOver = true;
  }

  /** Gives the lease back. If the store cannot be asked, the lease will lapse. */
  async release(): Promise<void> {
    this.end('it was given back');
    await this.#engine.release(this.#lease.name, this.#lease.owner).catch(() => {});
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
    // The process was stopped for long. Another may have the lease, and a renewal would only seem to bring it back.
    this.#endIfOver();
    if (this.#isOver) return;
    const since = performance.now();
    try {
      const isOurs = await this.#engine.renew(this.#lease, this.#ttl);
      if (!isOurs) return this.end('another has it');
      this.#deadline = since + this.#ttl;
    } catch {
      // The store cannot be asked now. The renewal is repeated while there is time.
    }
    if (!this.#isOver) this.#arm();
  }
}

/** Makes a signal check the clock whenever it is asked. */
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
