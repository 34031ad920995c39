import type { Engine } from './engine.ts';
import type { HeldLease } from './held-lease.ts';
import { nextChange, tryToHold } from './waiting.ts';

/**
 * What a leader does. It should stop when `signal` aborts: then another may begin. `token` grows from leader to leader: what
 * a leader writes to can refuse the smaller one.
 */
export type Duty = (signal: AbortSignal, token: number) => unknown;

/** How often those who do not lead look whether the leader lives, ms. */
const LOOK_AGAIN = 250;
/** After a duty that failed, or a store that could not be asked, ms. */
const PAUSE = 1000;

/**
 * One process of all leads. It does as long as it lives, stops not, and its event loop turns; then another does. Nothing of
 * it keeps the process alive.
 */
export class Leadership implements AsyncDisposable {
  readonly name: string;
  readonly #engine: Engine;
  readonly #duty: Duty;
  readonly #ttl: number;
  readonly #stop = new AbortController();
  readonly #end: Promise<void>;
  #held: HeldLease | undefined;

  /** @internal */
  constructor(engine: Engine, name: string, ttl: number, duty: Duty) {
    this.name = name;
    this.#engine = engine;
    this.#ttl = ttl;
    this.#duty = duty;
    this.#end = this.#campaign();
  }

  /** Whether this process leads now, as far as its clock can tell. */
  get isLeader(): boolean {
    return this.#held?.isHeld ?? false;
  }

  /** Of this process while it leads. */
  get token(): number | undefined {
    return this.isLeader ? this.#held?.token : undefined;
  }

  /** Leads no more, waits for what it does to end, and lets another lead. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#held?.end('it was stopped');
    await this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #campaign(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const change = nextChange(this.#engine, `lead ${this.name}`, LOOK_AGAIN);
      const pause = await this.#attempt();
      if (pause === 0) {
        change.cancel();
        continue;
      }
      await this.#rest(change.come, pause);
      change.cancel();
    }
  }

  /** @returns how long to wait before the next, ms. */
  async #attempt(): Promise<number> {
    try {
      this.#held = await tryToHold(this.#engine, `lead ${this.name}`, this.#ttl);
    } catch {
      return PAUSE;
    }
    if (this.#held === undefined) return LOOK_AGAIN;
    if (this.#stop.signal.aborted) this.#held.end('it was stopped');
    const isDone = await this.#lead(this.#held);
    await this.#held.release();
    this.#held = undefined;
    return isDone ? 0 : PAUSE;
  }

  /** @returns whether it went well, when leading has ended and the duty too. */
  async #lead(held: HeldLease): Promise<boolean> {
    const end = new Promise<void>((resolve) => {
      held.signal.addEventListener('abort', () => resolve(), { once: true });
      if (held.signal.aborted) resolve();
    });
    if (held.signal.aborted) return true;
    try {
      await this.#duty(held.signal, held.token);
      // What it started, such as a timer, goes on.
      await end;
      return true;
    } catch (error) {
      if (held.signal.aborted) return true;
      console.error(`prefork: what '${this.name}' runs in one worker failed:`, error);
      return false;
    }
  }

  /** The end of the pause, a change, or `stop`. */
  async #rest(change: Promise<void>, pause: number): Promise<void> {
    const { signal } = this.#stop;
    // During the attempt: nothing would end the pause, and its timer does not keep the process alive.
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, pause).unref();
      if (pause !== PAUSE) void change.then(finish);
      signal.addEventListener('abort', finish);
    });
  }
}
