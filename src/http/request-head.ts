import { latin1 } from './bytes.ts';
import { PLACES, type Parser } from './parser.ts';
import { splitTarget, type Target } from './target.ts';

/**
 * The head of a request: at first the places of its parts in bytes that another read will overwrite, and text only of
 * what is asked for. A request that is not answered at once has its head kept as one string.
 */
export class RequestHead {
  readonly method: string;
  readonly minor: number;
  readonly count: number;
  #parser: Parser | undefined;
  #text = '';
  #places: Int32Array | undefined;
  #url: string | undefined;
  #target: Target | undefined;

  constructor(parser: Parser) {
    this.#parser = parser;
    this.method = parser.method;
    this.minor = parser.minor;
    this.count = parser.count;
  }

  /** The request-target as it was sent. */
  get url(): string {
    if (this.#url !== undefined) return this.#url;
    const parser = this.#parser!;
    return (this.#url = latin1(parser.head, parser.base + parser.targetStart, parser.base + parser.targetEnd));
  }

  get target(): Target {
    return (this.#target ??= splitTarget(this.url));
  }

  /** Makes it independent of what it was parsed from. Idempotent. */
  keep(): void {
    const parser = this.#parser;
    if (parser === undefined) return;
    this.#url ??= latin1(parser.head, parser.base + parser.targetStart, parser.base + parser.targetEnd);
    this.#text = latin1(parser.head, parser.base, parser.base + parser.length);
    this.#places = parser.fields.slice(0, parser.count * PLACES);
    this.#parser = undefined;
  }

  /** Of the n-th field, as it was sent. */
  name(index: number): string {
    return this.#part(index * PLACES);
  }

  value(index: number): string {
    return this.#part(index * PLACES + 2);
  }

  /** Whether the n-th field is called so, in lower case. */
  isCalled(index: number, name: string): boolean {
    const places = this.#places!;
    const from = places[index * PLACES]!;
    const to = places[index * PLACES + 1]!;
    return to - from === name.length && this.#text.slice(from, to).toLowerCase() === name;
  }

  #part(place: number): string {
    const places = this.#places!;
    return this.#text.slice(places[place], places[place + 1]);
  }
}
