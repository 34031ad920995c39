import type { Engine, Item } from './engine.ts';
import { isOutage, StateError } from './error.ts';
import type { Stored } from './value.ts';
import { newOwner, nextChange } from './waiting.ts';

/** The steps that make the value of a key: it is computed and then written. */
export interface Making {
  compute(): Promise<Stored>;
  /**
   * Writes the value.
   *
   * @param mark the store's mark, which holds while the computed value is up to date.
   */
  write(stored: Stored, mark: string): Promise<void>;
  /** Another call or process is already computing, and this one waits for it. */
  onWait(): void;
}

/** The lease of a key's computation, among processes. */
interface ComputeLease {
  readonly name: string;
  readonly key: string;
  readonly owner: string;
}

/**
 * Lets only one computation run for each key. In this process that is one call, whose result all callers share. Among
 * processes it is the holder of the key's lease. When the holder dies or takes longer than `deadline`, the next process
 * that waits takes over.
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
    const name = `compute ${JSON.stringify([this.#area, key])}`;
    for (let isFirst = true; ; isFirst = false) {
      const change = nextChange(this.#engine, name);
      try {
        const owner = newOwner();
        const attempt = await this.#attempt(name, owner);
        if (attempt === 'alone') return await making.compute();
        const fresh = await this.#fresh(key);
        if ('token' in attempt) return await this.#asHolder({ name, key, owner }, making, fresh);
        if (fresh !== undefined) return fresh.stored;
        if (isFirst) making.onWait();
        change.watch();
        await change.come;
      } finally {
        change.cancel();
      }
    }
  }

  /** Tries to get the lease. `alone` means that the store cannot be asked, so every process computes for itself. */
  async #attempt(name: string, owner: string): Promise<Awaited<ReturnType<Engine['acquire']>> | 'alone'> {
    try {
      return await this.#engine.acquire(name, owner, this.#deadline);
    } catch (error) {
      if (isOutage(error)) return 'alone';
      throw error;
    }
  }

  async #asHolder({ name, key, owner }: ComputeLease, making: Making, fresh: Item | undefined): Promise<Stored> {
    try {
      if (fresh !== undefined) return fresh.stored;
      const mark = await this.#mark(key);
      const stored = await making.compute();
      if (mark !== undefined) await making.write(stored, mark);
      return stored;
    } finally {
      await this.#engine.release(name, owner).catch(() => {});
    }
  }

  /**
   * Marks the computation. The result is undefined where the store cannot do that, and the value is then not written
   * either.
   */
  async #mark(key: string): Promise<string | undefined> {
    try {
      return await this.#engine.mark(this.#area, key);
    } catch (error) {
      if (error instanceof StateError) return undefined;
      throw error;
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
