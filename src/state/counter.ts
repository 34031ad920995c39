import type { Engine } from './engine.ts';
import { checkName, checkOptions, show, usage } from './arguments.ts';
import { StateError } from './error.ts';

const AREA = 'counters';

export interface AddOptions {
  /** The name of this addition to this counter. Another counter may be added to under the same name. */
  readonly id?: string;
}

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
   * @param options `id` names this addition, such as the number of an order. One to this counter that was done under the
   *   same id within the last ten minutes is not done again, so an addition whose answer was lost can be repeated.
   * @returns the new value, or the value that the addition of the same id gave.
   * @throws StateError `ERR_STATE_UNAVAILABLE` when the server is away. Its `isUncertain` tells whether the addition may
   *   have been done.
   */
  async add(amount: number = 1, options?: AddOptions): Promise<number> {
    if (!Number.isSafeInteger(amount)) throw usage(`counter.add: expected a whole number, got ${show(amount)}`);
    checkOptions(options, ['id'], 'counter.add');
    const id = options?.id === undefined ? undefined : checkName(options.id, 'id');
    const { value } = await this.#engine.add(AREA, this.#name, amount, { ttl: this.#ttl, id });
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
