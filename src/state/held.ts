import type { Engine } from './engine.ts';

/**
 * A lease that this process holds: renewed until it is released or lost. Owns its timers, none of which keeps the process
 * alive.
 *
 * It ends here before it ends for others: its time is counted from before it was asked for. `signal` aborts when that time
 * is over. Its listeners hear of that once the event loop turns; `signal.aborted` looks at the clock itself, so that a
 * holder that was stopped past its time sees it at its next line.
 */
export class Held {
  readonly token: number;
  readonly #engine: Engine;
  readonly #name: string;
  readonly #ttl: number;
  readonly #end = new AbortController();
  #deadline: number;
  #renewal: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  /** @param since of `performance.now()`, before it was asked for. */
  constructor(engine: Engine, name: string, token: number, ttl: number, since: number) {
    this.#engine = engine;
    this.#name = name;
    this.token = token;
    this.#ttl = ttl;
    this.#deadline = since + ttl;
    this.#lookAtTheClock(this.#end.signal);
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get isHeld(): boolean {
    if (performance.now() >= this.#deadline) this.end('its time is over');
    return !isAborted(this.#end.signal);
  }

  /** Ends it here, so that whoever holds by it stops; for others it goes on until `release`. */
  end(reason: string): void {
    clearTimeout(this.#renewal);
    clearTimeout(this.#expiry);
    if (!isAborted(this.#end.signal)) this.#end.abort(new Error(reason));
  }

  /** Gives it back. If the store cannot be asked, it will lapse. */
  async release(): Promise<void> {
    this.end('it was given back');
    await this.#engine.release(this.#name, this.token).catch(() => {});
  }

  #arm(): void {
    clearTimeout(this.#expiry);
    const left = this.#deadline - performance.now();
    this.#expiry = setTimeout(() => this.end('its time is over'), Math.max(0, left)).unref();
    this.#renewal = setTimeout(() => void this.#renew(), this.#ttl / 3).unref();
  }

  async #renew(): Promise<void> {
    const since = performance.now();
    try {
      const isOurs = await this.#engine.renew(this.#name, this.token, this.#ttl);
      if (!isOurs) return this.end('another has it');
      this.#deadline = since + this.#ttl;
    } catch {
      // Of a store that cannot be asked: again later, while there is time.
    }
    if (this.isHeld) this.#arm();
  }

  /** Before each answer about the state of the signal the deadline is looked at. The signal stays a true AbortSignal. */
  #lookAtTheClock(signal: AbortSignal): void {
    const isHeldNow = (): boolean => this.isHeld;
    const raise = signal.throwIfAborted.bind(signal);
    Object.defineProperties(signal, {
      aborted: { configurable: true, get: () => !isHeldNow() },
      reason: { configurable: true, get: () => (isHeldNow() ? undefined : reasonOf(signal)) },
      throwIfAborted: { configurable: true, value: () => (isHeldNow() ? undefined : raise()) },
    });
  }
}

const own = Object.getOwnPropertyDescriptors(AbortSignal.prototype);

function isAborted(signal: AbortSignal): boolean {
  return own.aborted.get!.call(signal);
}

function reasonOf(signal: AbortSignal): unknown {
  return own.reason.get!.call(signal);
}
