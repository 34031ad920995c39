import { checkClientKey, show, usage } from './arguments.ts';
import type { AddTerms, Counted, Engine, Item, Terms } from './engine.ts';
import { StateError } from './error.ts';
import type { Stored } from './value.ts';

/**
 * What a use of the state does while the server is away:
 *
 * - `fail` the call rejects with `ERR_STATE_UNAVAILABLE`
 * - `local` this process counts for itself, and forgets that when the server is back
 * - `allow` the call behaves as if nothing had been counted or stored
 */
export type WhenAway = 'fail' | 'local' | 'allow';

export function checkWhenAway<Policy extends WhenAway>(given: Policy | undefined, known: readonly Policy[]): Policy {
  if (given === undefined) return known[0]!;
  if (!known.includes(given)) throw usage(`whenAway: expected ${known.join(' or ')}, got ${show(given)}`);
  return given;
}

/** The policies of a limit of requests. The first is the default. */
export const LIMIT_POLICIES: readonly WhenAway[] = ['fail', 'local', 'allow'];

/** The operations of an engine that a limit of requests needs. */
export type Counting = Pick<Engine, 'get' | 'set' | 'add' | 'delete' | 'clear'>;

/**
 * Returns the engine's operations for keys that clients choose, or what the policy says where the server is away.
 */
export function countingWhen(engine: Engine, whenAway: WhenAway): Counting {
  const counting = whenAway === 'fail' ? engine : countingEither(engine, whenAway);
  const of = (key: string): string => checkClientKey(key, 'key');
  return {
    get: async (area, key) => counting.get(area, of(key)),
    set: async (area, key, stored, terms) => counting.set(area, of(key), stored, terms),
    add: async (area, key, amount, terms) => counting.add(area, of(key), amount, terms),
    delete: async (area, key) => counting.delete(area, of(key)),
    clear: async (area) => counting.clear(area),
  };
}

function countingEither(engine: Engine, whenAway: 'local' | 'allow'): Counting {
  const own: Counting = whenAway === 'local' ? new LocalCounts() : uncounted;
  engine.outages?.on('back', () => void own.clear(''));
  const either = async <Result>(
    asked: () => Result | Promise<Result>,
    instead: () => Result | Promise<Result>,
  ): Promise<Result> => {
    try {
      return await asked();
    } catch (error) {
      if (isAway(error)) return instead();
      throw error;
    }
  };
  return {
    get: (area, key) =>
      either(
        () => engine.get(area, key),
        () => own.get(area, key),
      ),
    set: (area, key, stored, terms) =>
      either(
        () => engine.set(area, key, stored, terms),
        () => own.set(area, key, stored, terms),
      ),
    add: (area, key, amount, terms) =>
      either(
        () => engine.add(area, key, amount, terms),
        () => own.add(area, key, amount, terms),
      ),
    delete: (area, key) =>
      either(
        () => engine.delete(area, key),
        () => own.delete(area, key),
      ),
    clear: (area) =>
      either(
        () => engine.clear(area),
        () => own.clear(area),
      ),
  };
}

/** Tells whether the server was away. A store that is full or busy is there, and says so itself. */
export function isAway(error: unknown): boolean {
  return error instanceof StateError && error.code === 'ERR_STATE_UNAVAILABLE';
}

/**
 * The number of keys that a process counts for itself, and the number that it forgets when there are more. Those with the
 * lowest counts go: a client must not become unknown because others, or it itself under other keys, ask too.
 */
const MOST_KEYS = 10_000;
const FORGOTTEN_KEYS = 1000;

/** The counts of this process alone. */
class LocalCounts implements Counting {
  readonly #counts = new Map<string, Counted>();

  get(area: string, key: string): Item | undefined {
    const counted = this.#find(nameOf(area, key));
    if (counted === undefined) return undefined;
    const { value, expires } = counted;
    return { stored: { kind: 'number', data: value }, freshUntil: expires, expires };
  }

  async set(area: string, key: string, { data }: Stored, { ttl }: Terms): Promise<boolean> {
    this.#put(nameOf(area, key), { value: Number(data), expires: endOf(ttl) });
    return true;
  }

  async add(area: string, key: string, amount: number, { ttl, when }: AddTerms = {}): Promise<Counted> {
    const name = nameOf(area, key);
    const before = this.#find(name);
    if (before === undefined && when === 'present') return { value: 0, expires: Date.now() };
    const counted = { value: (before?.value ?? 0) + amount, expires: before?.expires ?? endOf(ttl) };
    this.#put(name, counted);
    return counted;
  }

  async delete(area: string, key: string): Promise<boolean> {
    return this.#counts.delete(nameOf(area, key));
  }

  /** Forgets everything. Counts of an outage are not worth more. */
  async clear(): Promise<void> {
    this.#counts.clear();
  }

  #find(name: string): Counted | undefined {
    const counted = this.#counts.get(name);
    return counted !== undefined && counted.expires > Date.now() ? counted : undefined;
  }

  #put(name: string, counted: Counted): void {
    if (!this.#counts.has(name) && this.#counts.size >= MOST_KEYS) this.#forget();
    this.#counts.set(name, counted);
  }

  /** Forgets what is over, and the lowest counts. Many go at once, so that not every new key looks at all others. */
  #forget(): void {
    const now = Date.now();
    for (const [name, { expires }] of this.#counts) if (expires <= now) this.#counts.delete(name);
    const tooMany = this.#counts.size - (MOST_KEYS - FORGOTTEN_KEYS);
    if (tooMany <= 0) return;
    const byValue = [...this.#counts].toSorted(([, one], [, other]) => one.value - other.value);
    for (const [name] of byValue.slice(0, tooMany)) this.#counts.delete(name);
  }
}

/** Counts nothing: each request is the first one. */
const uncounted: Counting = {
  get: () => undefined,
  set: async () => true,
  add: async (_, __, amount, { ttl } = {}) => ({ value: Math.max(0, amount), expires: endOf(ttl) }),
  delete: async () => false,
  clear: async () => {},
};

function nameOf(area: string, key: string): string {
  return JSON.stringify([area, key]);
}

function endOf(ttl: number | undefined): number {
  return Date.now() + (ttl ?? Infinity);
}
