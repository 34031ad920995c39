import { Gathered } from '../sockets/gathered.ts';

const NEWLINE = 10;

/**
 * Splits input into whole lines, and remembers no more than the longest line allowed. The object owns nothing but that
 * memory.
 */
export class Lines {
  readonly #longest: number;
  /** The beginning of a line that has not ended. */
  readonly #begun = new Gathered();

  /**
   * Creates an empty buffer.
   *
   * @param longest the limit of a line in bytes.
   */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /**
   * Adds a piece of input.
   *
   * @returns the lines that end in it, without their ends; or undefined when one is longer than allowed. Nothing is
   *   remembered then, and further input is of no use.
   */
  add(piece: Uint8Array): Uint8Array[] | undefined {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      const line = this.#ended(piece.subarray(start, end));
      if (line === undefined) return undefined;
      lines.push(line);
      start = end + 1;
    }
    const rest = piece.subarray(start);
    if (this.#isTooLong(rest)) return undefined;
    this.#begun.add(rest);
    return lines;
  }

  /** Whether a line has begun that has not ended. */
  get isOpen(): boolean {
    return this.#begun.length > 0;
  }

  /** Returns the line that ends with this part. Most lines come whole, and are not copied. */
  #ended(part: Uint8Array): Uint8Array | undefined {
    if (this.#isTooLong(part)) return undefined;
    if (!this.isOpen) return part;
    this.#begun.add(part);
    return this.#begun.take();
  }

  #isTooLong({ length }: Uint8Array): boolean {
    const isTooLong = this.#begun.length + length > this.#longest;
    if (isTooLong) this.#begun.clear();
    return isTooLong;
  }
}
