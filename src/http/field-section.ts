import { latin1 } from './bytes.ts';
import { PLACES, type HeadReader } from './head-reader.ts';

/** The fields of a head, or of what follows a body of chunks (RFC 9110, 5): one string, and the places in it. */
export class FieldSection {
  /** What of the string is not of the fields, such as a request line, is not read. */
  readonly #text: string;
  readonly #places: Int32Array;

  constructor(text: string, places: Int32Array) {
    this.#text = text;
    this.#places = places;
  }

  /** Those that a reader has just come to the end of. */
  static of({ bytes, base, length, fields, count }: HeadReader): FieldSection {
    return new FieldSection(latin1(bytes, base, base + length), fields.slice(0, count * PLACES));
  }

  get count(): number {
    return this.#places.length / PLACES;
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
    const from = this.#places[index * PLACES]!;
    const to = this.#places[index * PLACES + 1]!;
    return to - from === name.length && this.#text.slice(from, to).toLowerCase() === name;
  }

  #part(place: number): string {
    return this.#text.slice(this.#places[place], this.#places[place + 1]);
  }
}
