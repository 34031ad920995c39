import { FieldSection } from './field-section.ts';

/** Read-only fields of a request, by name in any case. Nothing of it is parsed before it is asked for. */
export class Fields implements Iterable<[name: string, value: string]> {
  readonly #section: FieldSection;

  constructor(section: FieldSection) {
    this.#section = section;
  }

  /** The value; of a field that came more than once, all joined as RFC 9110, 5.3, has it; null without any. */
  get(name: string): string | null {
    const lower = name.toLowerCase();
    const section = this.#section;
    let joined: string | null = null;
    for (let index = 0; index < section.count; index++) {
      if (!section.isCalled(index, lower)) continue;
      const value = section.value(index);
      joined = joined === null ? value : joined + (lower === 'cookie' ? '; ' : ', ') + value;
    }
    return joined;
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    for (let index = 0; index < this.#section.count; index++) if (this.#section.isCalled(index, lower)) return true;
    return false;
  }

  /** Every field as it was sent, in order; the names in lower case. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let index = 0; index < this.#section.count; index++) {
      yield [this.#section.name(index).toLowerCase(), this.#section.value(index)];
    }
  }

  /** As node:http's `request.headers` has them: an object without prototype, joined where a field came more than once. */
  toObject(): Record<string, string> {
    const object = Object.create(null) as Record<string, string>;
    for (const [name] of this) object[name] ??= this.get(name)!;
    return object;
  }
}

/** Shared by all that have none. */
export const NO_FIELDS: Fields = new Fields(new FieldSection('', []));
