import type { Engine } from './engine.ts';
import type { HeldLease } from './held-lease.ts';
import { nextChange, tryToHold } from './waiting.ts';

/**
 * The work of a leader. It should stop when `signal` aborts, because another process may begin then. `token` grows from
 * leader to leader, so a resource can refuse the smaller one.
 */
export type Duty = (signal: AbortSignal, token: number) => unknown;

/** How often the other processes check that the leader lives. */
const LOOK_AGAIN_MS = 250;
/** The pause after a duty that failed, or when the store could not be asked. */
const PAUSE_MS = 1000;

/**
 * Makes one process of all the leader. A process leads as long as it lives, does not stop, and its event loop turns.
 * Then another one leads. This object never keeps the process alive.
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

  /** Tells whether this process leads now, as far as its clock can tell. */
  get isLeader(): boolean {
    return this.#held?.isHeld ?? false;
  }

  /** The token of this process while it leads. */
  get token(): number | undefined {
    return this.isLeader ? this.#held?.token : undefined;
  }

  /** Stops leading, waits for the duty to end, and lets another process lead. A second call does nothing. */
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
      const change = nextChange(this.#engine, `lead ${this.name}`, LOOK_AGAIN_MS);
      const pause = await this.#attempt();
      if (pause === 0) {
        change.cancel();
        continue;
      }
      await this.#rest(change.come, pause);
      change.cancel();
    }
  }

  /**
   * Tries to lead.
   *
   * @returns how long to wait before the next attempt, in ms.
   */
  async #attempt(): Promise<number> {
    try {
      this.#held = await tryToHold(this.#engine, `lead ${this.name}`, this.#ttl);
    } catch {
      return PAUSE_MS;
    }
    if (this.#held === undefined) return LOOK_AGAIN_MS;
    if (this.#stop.signal.aborted) this.#held.end('it was stopped');
    const isDone = await this.#lead(this.#held);
    await this.#held.release();
    this.#held = undefined;
    return isDone ? 0 : PAUSE_MS;
  }

  /**
   * Runs the duty and waits for the end of the lead.
   *
   * @returns whether the duty ended without an error.
   */
  async #lead(held: HeldLease): Promise<boolean> {
    const end = new Promise<void>((resolve) => {
      held.signal.addEventListener('abort', () => resolve(), { once: true });
      if (held.signal.aborted) resolve();
    });
    if (held.signal.aborted) return true;
    try {
      await this.#duty(held.signal, held.token);
      // The work that the duty started, such as a timer, continues.
      await end;
      return true;
    } catch (error) {
      if (held.signal.aborted) return true;
      console.error(`prefork: what '${this.name}' runs in one worker failed:`, error);
      return false;
    }
  }

  /** Waits for the end of the pause, a change, or `stop`. */
  async #rest(change: Promise<void>, pause: number): Promise<void> {
    const { signal } = this.#stop;
    // The stop came during the attempt. Nothing else would end the pause, and its timer does not keep the process
    // alive.
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = setTimeout(finish, pause).unref();
      if (pause !== PAUSE_MS) void change.then(finish);
      signal.addEventListener('abort', finish);
    });
  }
}
