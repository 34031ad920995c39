import { claimName, type Engine, type Entry } from './engine.ts';
import { isOutage } from './error.ts';
import type { Stored } from './value.ts';
import { newOwner, nextChange } from './waiting.ts';

/** How the value for a key comes to be: computed, and then written. */
export interface Making {
  compute(): Promise<Stored>;
  /** @param claim without which it is not to be written. */
  write(stored: Stored, claim: number): Promise<void>;
  /** Another computes already: it is waited for. */
  onWait(): void;
}

/**
 * Lets each key be computed by one at a time: in this process by one call, whose result all wait for, and among processes by
 * who holds the key's lease. When that one dies, the next who waits takes over; when it takes longer than `deadline` too.
 */
export class Flights {
  readonly #engine: Engine;
  readonly #area: string;
  readonly #deadline: number;
  readonly #flying = new Map<string, Promise<Stored>>();

  constructor(engine: Engine, area: string, deadline: number) {
    this.#engine = engine;
    this.#area = area;
    this.#deadline = deadline;
  }

  /** @returns what is in the store by now, or what was computed. */
  fly(key: string, making: Making): Promise<Stored> {
    const flying = this.#flying.get(key);
    if (flying !== undefined) {
      making.onWait();
      return flying;
    }
    const flight = this.#fly(key, making).finally(() => {
      if (this.#flying.get(key) === flight) this.#flying.delete(key);
    });
    this.#flying.set(key, flight);
    return flight;
  }

  /** What is computed now was read before the key was changed: those who ask from here on get another. */
  forget(key: string): void {
    this.#flying.delete(key);
  }

  forgetAll(): void {
    this.#flying.clear();
  }

  async #fly(key: string, making: Making): Promise<Stored> {
    const name = claimName(this.#area, key);
    for (let isFirst = true; ; isFirst = false) {
      const change = nextChange(this.#engine, name);
      try {
        const attempt = await this.#attempt(key);
        if (attempt === 'alone') return await making.compute();
        const fresh = await this.#fresh(key);
        if ('token' in attempt) return await this.#asHolder(key, attempt.token, making, fresh);
        if (fresh !== undefined) return fresh.stored;
        if (isFirst) making.onWait();
        change.watch();
        await change.come;
      } finally {
        change.cancel();
      }
    }
  }

  /** `alone`: the store cannot be asked, so every process computes for itself. */
  async #attempt(key: string): Promise<Awaited<ReturnType<Engine['acquire']>> | 'alone'> {
    try {
      return await this.#engine.claim(this.#area, key, newOwner(), this.#deadline);
    } catch (error) {
      if (isOutage(error)) return 'alone';
      throw error;
    }
  }

  async #asHolder(key: string, token: number, making: Making, fresh: Entry | undefined): Promise<Stored> {
    try {
      if (fresh !== undefined) return fresh.stored;
      const stored = await making.compute();
      await making.write(stored, token);
      return stored;
    } finally {
      await this.#engine.unclaim(this.#area, key, token).catch(() => {});
    }
  }

  async #fresh(key: string): Promise<Entry | undefined> {
    try {
      const entry = await this.#engine.get(this.#area, key);
      return entry !== undefined && entry.freshUntil > Date.now() ? entry : undefined;
    } catch (error) {
      if (isOutage(error)) return undefined;
      throw error;
    }
  }
}
