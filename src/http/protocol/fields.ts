import { FieldSection } from './field-section.ts';

/** The number of names that are looked for before there is an index. So many looks cost less than an index of all. */
const LOOKS = 3;

/**
 * Read-only fields of a request, by name in any case. No part is parsed before it is asked for.
 *
 * The first names are looked for, field by field. From then on there is an index, which one pass makes. So the work
 * grows with the fields, and not with fields times names, however many names are asked for.
 */
export class Fields implements Iterable<[name: string, value: string]> {
  readonly #section: FieldSection;
  #looks = 0;
  #index: ReadonlyMap<string, string> | undefined;

  constructor(section: FieldSection) {
    this.#section = section;
  }

  /**
   * Returns the value, or null when the field is missing. The values of a field that came more than once are joined as
   * RFC 9110, 5.3, wants it.
   */
  get(name: string): string | null {
    const lower = name.toLowerCase();
    if (this.#isIndexed()) return this.#indexed().get(lower) ?? null;
    const section = this.#section;
    let joined: string | undefined = undefined;
    for (let index = 0; index < section.count; index++) {
      if (section.isCalled(index, lower)) joined = join(joined, section.value(index), lower);
    }
    return joined ?? null;
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    if (this.#isIndexed()) return this.#indexed().has(lower);
    for (let index = 0; index < this.#section.count; index++) if (this.#section.isCalled(index, lower)) return true;
    return false;
  }

  /** Yields every field as it was sent, in order, with the name in lower case. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let index = 0; index < this.#section.count; index++) {
      yield [this.#section.name(index).toLowerCase(), this.#section.value(index)];
    }
  }

  /**
   * Returns the fields as node:http's `request.headers` has them: an object without prototype, with the values joined
   * where a field came more than once.
   */
  toObject(): Record<string, string> {
    const object = Object.create(null) as Record<string, string>;
    for (const [name, value] of this.#indexed()) object[name] = value;
    return object;
  }

  #isIndexed(): boolean {
    return this.#index !== undefined || ++this.#looks > LOOKS;
  }

  #indexed(): ReadonlyMap<string, string> {
    if (this.#index !== undefined) return this.#index;
    const index = new Map<string, string>();
    for (const [name, value] of this) index.set(name, join(index.get(name), value, name));
    return (this.#index = index);
  }
}

function join(before: string | undefined, value: string, name: string): string {
  return before === undefined ? value : before + (name === 'cookie' ? '; ' : ', ') + value;
}

/** The fields of all requests that have none. */
export const NO_FIELDS: Fields = new Fields(new FieldSection('', []));
