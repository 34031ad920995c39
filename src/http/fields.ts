import type { RequestHead } from './request-head.ts';

/** Read-only fields of a request, by name in any case. Nothing of it is parsed before it is asked for. */
export class Fields implements Iterable<[name: string, value: string]> {
  readonly #head: RequestHead;

  constructor(head: RequestHead) {
    this.#head = head;
    head.keep();
  }

  /** The value; of a field that came more than once, all joined as RFC 9110, 5.3, has it; null without any. */
  get(name: string): string | null {
    const lower = name.toLowerCase();
    let joined: string | null = null;
    for (let index = 0; index < this.#head.count; index++) {
      if (!this.#head.isCalled(index, lower)) continue;
      const value = this.#head.value(index);
      joined = joined === null ? value : joined + (lower === 'cookie' ? '; ' : ', ') + value;
    }
    return joined;
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    for (let index = 0; index < this.#head.count; index++) if (this.#head.isCalled(index, lower)) return true;
    return false;
  }

  /** Every field as it was sent, in order; the names in lower case. */
  *[Symbol.iterator](): Generator<[name: string, value: string]> {
    for (let index = 0; index < this.#head.count; index++) {
      yield [this.#head.name(index).toLowerCase(), this.#head.value(index)];
    }
  }

  /** As node:http's `request.headers` has them: an object without prototype, joined where a field came more than once. */
  toObject(): Record<string, string> {
    const object = Object.create(null) as Record<string, string>;
    for (const [name] of this) object[name] ??= this.get(name)!;
    return object;
  }
}
