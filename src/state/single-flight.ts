import { computationOf, type Engine, type Item } from './engine.ts';
import { isOutage, StateError } from './error.ts';
import type { Stored } from './value.ts';
import { LOOK_AGAIN_MS, newOwner, nextChange } from './waiting.ts';

/** The steps that make the value of a key: it is computed and then written. */
export interface Making {
  compute(): Promise<Stored>;
  /**
   * Writes the value.
   *
   * @param computedBy the owner of the computation, for which the store knows whether the value is up to date.
   */
  write(stored: Stored, computedBy: string): Promise<void>;
  /** Another call or process is already computing, and this one waits for it. */
  onWait(): void;
}

/**
 * How long a caller waits for others, in deadlines. Each of them has one deadline at most, and then another has its turn. Those that
 * wait for several have asked for what cannot be computed now, or have a store that never lets them begin.
 */
const DEADLINES_WAITED = 3;

/**
 * The longest time between two looks at a computation of another process. Its end is announced, and its death is not. The pauses
 * double, so a death costs others little more than they have waited anyway. Thousands of keys that others compute are looked at once a
 * second each, and not ten times.
 */
const LONGEST_PAUSE_MS = 1000;

/**
 * Lets only one computation run for each key. In this process that is one call, whose result all callers share. Among
 * processes it is the owner of the computation in the store. When the owner dies or takes longer than `deadline`, the
 * next process that waits takes over.
 */
export class SingleFlight {
  readonly #engine: Engine;
  readonly #area: string;
  readonly #deadline: number;
  readonly #flying = new Map<string, Promise<Stored>>();

  constructor(engine: Engine, area: string, deadline: number) {
    this.#engine = engine;
    this.#area = area;
    this.#deadline = deadline;
  }

  /**
   * Runs or joins a computation.
   *
   * @returns the value that is in the store by now, or the computed one.
   * @throws StateError `ERR_STATE_TIMEOUT` when others were computing it for too long.
   */
  run(key: string, making: Making): Promise<Stored> {
    const flying = this.#flying.get(key);
    if (flying !== undefined) {
      making.onWait();
      return flying;
    }
    const flight = this.#run(key, making).finally(() => {
      if (this.#flying.get(key) === flight) this.#flying.delete(key);
    });
    this.#flying.set(key, flight);
    return flight;
  }

  /**
   * Detaches a computation, because the item was changed meanwhile. Later callers do not get its result.
   *
   * @param key the key; undefined for all keys
   */
  forget(key?: string): void {
    if (key === undefined) this.#flying.clear();
    else this.#flying.delete(key);
  }

  async #run(key: string, making: Making): Promise<Stored> {
    const name = computationOf(this.#area, key);
    const until = performance.now() + this.#deadline * DEADLINES_WAITED;
    for (let pause = LOOK_AGAIN_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const left = Math.max(0, until - performance.now());
      const change = nextChange(this.#engine, name, Math.min(pause, left));
      try {
        const owner = newOwner();
        const hasBegun = await this.#begin(key, owner);
        if (hasBegun === undefined) return await making.compute();
        const fresh = await this.#fresh(key);
        if (hasBegun) return await this.#asOwner(key, owner, making, fresh);
        if (fresh !== undefined) return fresh.stored;
        if (performance.now() >= until) throw this.#late(key);
        if (pause === LOOK_AGAIN_MS) making.onWait();
        change.watch();
        await change.come;
      } finally {
        change.cancel();
      }
    }
  }

  #late(key: string): StateError {
    const waited = `${this.#deadline * DEADLINES_WAITED} ms`;
    return new StateError('ERR_STATE_TIMEOUT', `'${key}' was being computed by others for ${waited}, and is not there`);
  }

  /**
   * Tries to begin. The result is undefined where the store cannot be asked. Every process then computes for itself, and
   * writes nothing.
   */
  async #begin(key: string, owner: string): Promise<boolean | undefined> {
    try {
      return await this.#engine.begin(this.#area, key, owner, this.#deadline);
    } catch (error) {
      if (isOutage(error)) return undefined;
      throw error;
    }
  }

  async #asOwner(key: string, owner: string, making: Making, fresh: Item | undefined): Promise<Stored> {
    try {
      if (fresh !== undefined) return fresh.stored;
      const stored = await making.compute();
      await making.write(stored, owner);
      return stored;
    } finally {
      await this.#engine.end(this.#area, key, owner).catch(() => {});
    }
  }

  async #fresh(key: string): Promise<Item | undefined> {
    try {
      const item = await this.#engine.get(this.#area, key);
      return item !== undefined && item.freshUntil > Date.now() ? item : undefined;
    } catch (error) {
      if (isOutage(error)) return undefined;
      throw error;
    }
  }
}
