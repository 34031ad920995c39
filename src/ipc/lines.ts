const NEWLINE = 10;

/**
 * Splits input into whole lines, and remembers no more than the longest line allowed. The object owns nothing but that
 * memory.
 */
export class Lines {
  readonly #longest: number;
  #parts: Uint8Array[] = [];
  #length = 0;

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
      this.#keep(piece.subarray(start, end));
      if (this.#length > this.#longest) return this.#giveUp();
      lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(piece.subarray(start));
    return this.#length > this.#longest ? this.#giveUp() : lines;
  }

  /** Whether a line has begun that has not ended. */
  get isOpen(): boolean {
    return this.#length > 0;
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#length += part.length;
  }

  #take(): Uint8Array {
    const parts = this.#parts;
    this.#parts = [];
    this.#length = 0;
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  #giveUp(): undefined {
    this.#parts = [];
    this.#length = 0;
  }
}
