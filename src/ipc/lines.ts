import { Gathered } from '../sockets/gathered.ts';

const NEWLINE = 10;

/** What is kept of a line that is skipped: its beginning tells whose it is. */
const BEGINNING_BYTES = 128;

/** The beginning of a line that was too long and has ended. */
export class CutLine {
  readonly beginning: Uint8Array;

  constructor(beginning: Uint8Array) {
    this.beginning = beginning;
  }
}

/**
 * Splits input into whole lines, and remembers no more than the longest line allowed. The object owns nothing but that
 * memory.
 */
export class Lines {
  readonly #longest: number;
  readonly #maySkip: (beginning: Uint8Array) => boolean;
  /** The beginning of a line that has not ended. */
  readonly #begun = new Gathered();
  /** A line that has not ended, and is skipped. */
  #cut: CutLine | undefined;
  #skipped = 0;

  /**
   * Creates an empty buffer.
   *
   * @param longest the limit of a line in bytes.
   * @param maySkip whether a line that is longer, and begins so, is skipped. @default none is
   */
  constructor(longest: number, maySkip: (beginning: Uint8Array) => boolean = () => false) {
    this.#longest = longest;
    this.#maySkip = maySkip;
  }

  /**
   * Adds a piece of input.
   *
   * @returns the lines that end in it, without their ends; or undefined when one is longer than allowed, and not skipped. Nothing is
   *   remembered then, and further input is of no use.
   */
  add(piece: Uint8Array): Array<Uint8Array | CutLine> | undefined {
    const lines: Array<Uint8Array | CutLine> = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      const line = this.#ended(piece.subarray(start, end));
      if (line === undefined) return undefined;
      lines.push(line);
      start = end + 1;
    }
    return this.#add(piece.subarray(start)) ? lines : undefined;
  }

  /** Whether a line has begun that has not ended. */
  get isOpen(): boolean {
    return this.#begun.length > 0 || this.#cut !== undefined;
  }

  /** How many bytes were skipped so far, behind those of each line that were kept until it was too long. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Returns the line that ends with this part. Most lines come whole, and are not copied. */
  #ended(part: Uint8Array): Uint8Array | CutLine | undefined {
    if (!this.isOpen && part.length <= this.#longest) return part;
    if (!this.#add(part)) return undefined;
    const cut = this.#cut;
    this.#cut = undefined;
    return cut ?? this.#begun.take();
  }

  /** @returns false when the line is too long with this part, and is not skipped. */
  #add(part: Uint8Array): boolean {
    if (this.#cut === undefined && this.#begun.length + part.length <= this.#longest) {
      this.#begun.add(part);
      return true;
    }
    this.#skipped += part.length;
    if (this.#cut !== undefined) return true;
    const begun = this.#begun.take().subarray(0, BEGINNING_BYTES);
    const beginning = Uint8Array.of(...begun, ...part.subarray(0, BEGINNING_BYTES - begun.length));
    if (!this.#maySkip(beginning)) return false;
    this.#cut = new CutLine(beginning);
    return true;
  }
}
