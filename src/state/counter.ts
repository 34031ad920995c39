import type { Engine } from './engine.ts';
import { usage, show } from './arguments.ts';
import { StateError } from './error.ts';

const AREA = 'counters';

/** A whole number that all workers add to. */
export class Counter {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #ttl: number | undefined;

  /** @internal */
  constructor(engine: Engine, name: string, ttl: number | undefined) {
    this.#engine = engine;
    this.#name = name;
    this.#ttl = ttl;
  }

  /**
   * Adds in one step, so that no addition of another worker is lost.
   *
   * @param amount a whole number, which may be negative. @default 1
   * @returns the new value.
   */
  async add(amount: number = 1): Promise<number> {
    if (!Number.isSafeInteger(amount)) throw usage(`counter.add: expected a whole number, got ${show(amount)}`);
    const { value } = await this.#engine.add(AREA, this.#name, amount, this.#ttl);
    return value;
  }

  /** Reads the value, which is 0 before the first addition. */
  async get(): Promise<number> {
    const item = await this.#engine.get(AREA, this.#name);
    if (item === undefined) return 0;
    if (item.stored.kind === 'number') return item.stored.data;
    throw new StateError('ERR_STATE_VALUE', `'${this.#name}' is not a counter`);
  }

  /** Sets the counter back to 0. */
  async reset(): Promise<void> {
    await this.#engine.delete(AREA, this.#name);
  }
}
