/**
 * `prefork/state/keyv`: a store for Keyv 5, and for all that is built on it.
 *
 * @example
 * const keyv = new Keyv({ store: new KeyvStore(await openState()) });
 */
import { EventEmitter } from 'node:events';
import { checkName, readSize, type Size } from '../arguments.ts';
import { engineOf, type State } from '../state.ts';
import type { Engine } from '../engine.ts';
import { decode, encode } from '../value.ts';

export interface KeyvStoreOptions {
  /** Stores with the same name have the same items. @default 'keyv' */
  readonly name?: string;
  /** The size of all values, as in a cache. @default no bound but the store's */
  readonly maxSize?: Size;
}

/** Stores the values that Keyv has already serialized. Keyv puts its namespace before each key. */
export class KeyvStore extends EventEmitter {
  /** Keyv sets this. */
  namespace: string | undefined;
  /** Keyv iterates over the stores that it knows, and this makes it know the store. */
  readonly opts: { readonly dialect: string; readonly url: string } = { dialect: 'redis', url: '' };
  readonly #engine: Engine;
  readonly #area: string;
  readonly #maxSize: number | undefined;

  constructor(state: State, options: KeyvStoreOptions = {}) {
    super();
    this.#engine = engineOf(state);
    this.#area = `keyv ${checkName(options.name ?? 'keyv', 'name')}`;
    this.#maxSize = readSize(options.maxSize, 'maxSize');
  }

  async get(key: string): Promise<unknown> {
    const item = await this.#engine.get(this.#area, key);
    return item === undefined ? undefined : decode(item.stored, `'${key}'`);
  }

  async getMany(keys: readonly string[]): Promise<unknown[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    // Keyv uses 0 for a value that expires at once.
    if (ttl !== undefined && ttl < 1) return this.#engine.delete(this.#area, key);
    const stored = encode(value, `the value of '${key}'`);
    return this.#engine.set(this.#area, key, stored, { ttl, maxSize: this.#maxSize });
  }

  async delete(key: string): Promise<boolean> {
    return this.#engine.delete(this.#area, key);
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.some(Boolean);
  }

  async has(key: string): Promise<boolean> {
    return (await this.#engine.get(this.#area, key)) !== undefined;
  }

  /** Removes the items in Keyv's namespace, or all without one. */
  async clear(): Promise<void> {
    if (this.namespace === undefined) return this.#engine.clear(this.#area);
    for await (const [key] of this.iterator(this.namespace)) await this.delete(key);
  }

  async *iterator(namespace?: string): AsyncGenerator<[key: string, value: unknown], void> {
    const prefix = namespace === undefined ? '' : `${namespace}:`;
    for await (const [key, { stored }] of this.#engine.entries(this.#area)) {
      if (key.startsWith(prefix)) yield [key, decode(stored, `'${key}'`)];
    }
  }

  /** The state is not closed here, because its owner does that. */
  async disconnect(): Promise<void> {}
}
