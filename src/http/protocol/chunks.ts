import { BACKSLASH, CLASSES, CR, EQUALS, HEX, HTAB, LF, QUOTE, QUOTED, SEMICOLON, SP, TOKEN, VALUE } from './bytes.ts';
import type { Refusal } from './refusals.ts';
import { DATA, END, FAILED, NEED } from './parser-events.ts';

// The states between two bytes of a body of chunks. RFC 9112, 7.1.
const SIZE_START = 0;
const SIZE = 1;
const EXTENSION_START = 2;
const EXTENSION_NAME = 3;
const EXTENSION_NAME_BLANK = 4;
const EXTENSION_VALUE_START = 5;
const EXTENSION_VALUE = 6;
const EXTENSION_QUOTED = 7;
const EXTENSION_PAIR = 8;
const EXTENSION_QUOTED_END = 9;
/** Blanks after a size or an extension: RFC 9110, 5.6.3, makes a recipient take them where the grammar has BWS. */
const BLANK = 10;
const SIZE_LF = 11;
const CHUNK_DATA = 12;
const DATA_CR = 13;
const DATA_LF = 14;

type ChunksEvent = typeof NEED | typeof DATA | typeof END | typeof FAILED;

/** Decodes chunks, to the last one. The parser reads the trailer section that follows. */
export class Chunks {
  at = 0;
  from = 0;
  refusal: Refusal = 'BAD_CHUNK';
  readonly #limit: number;
  #state = SIZE_START;
  #size = 0;
  /** The number of bytes that say nothing to us, and cost nothing but work. */
  #idle = 0;

  /**
   * @param limit the most bytes of the extensions of all chunks of a body, and of the zeros with which their sizes
   * begin.
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  reset(): void {
    this.#state = SIZE_START;
    this.#idle = 0;
    this.refusal = 'BAD_CHUNK';
  }

  /** Decodes the next piece. END comes after the line of the last chunk. */
  next(bytes: Buffer, at: number, end: number): ChunksEvent {
    for (; at < end; at++) {
      if (this.#state === CHUNK_DATA) return this.#data(at, end);
      const next = this.#step(bytes[at]!);
      if (next < 0) return FAILED;
      this.#state = next;
      if (next === CHUNK_DATA && this.#size === 0) {
        this.at = at + 1;
        return END;
      }
    }
    this.at = end;
    return NEED;
  }

  #data(at: number, end: number): ChunksEvent {
    this.from = at;
    this.at = Math.min(end, at + this.#size);
    this.#size -= this.at - at;
    if (this.#size === 0) this.#state = DATA_CR;
    return DATA;
  }

  /** @returns the state after a byte; -1 when the byte is wrong. */
  #step(byte: number): number {
    const is = CLASSES[byte]!;
    switch (this.#state) {
      case SIZE_START:
        this.#size = HEX[byte]!;
        return this.#size > 15 ? -1 : SIZE;
      case SIZE:
        return this.#sizeByte(byte);
      case EXTENSION_START:
        if (isBlank(byte)) return this.#extension(EXTENSION_START);
        return (is & TOKEN) !== 0 ? this.#extension(EXTENSION_NAME) : -1;
      case EXTENSION_NAME:
        if ((is & TOKEN) !== 0) return this.#extension(EXTENSION_NAME);
        if (byte === EQUALS) return this.#extension(EXTENSION_VALUE_START);
        return isBlank(byte) ? this.#extension(EXTENSION_NAME_BLANK) : this.#afterExtension(byte);
      case EXTENSION_NAME_BLANK:
        if (isBlank(byte)) return this.#extension(EXTENSION_NAME_BLANK);
        if (byte === EQUALS) return this.#extension(EXTENSION_VALUE_START);
        return byte === SEMICOLON ? this.#extension(EXTENSION_START) : -1;
      case EXTENSION_VALUE_START:
        if (isBlank(byte)) return this.#extension(EXTENSION_VALUE_START);
        if (byte === QUOTE) return this.#extension(EXTENSION_QUOTED);
        return (is & TOKEN) !== 0 ? this.#extension(EXTENSION_VALUE) : -1;
      case EXTENSION_VALUE:
        return (is & TOKEN) !== 0 ? this.#extension(EXTENSION_VALUE) : this.#afterExtension(byte);
      case EXTENSION_QUOTED:
        if (byte === QUOTE) return this.#extension(EXTENSION_QUOTED_END);
        if (byte === BACKSLASH) return this.#extension(EXTENSION_PAIR);
        return (is & QUOTED) !== 0 ? this.#extension(EXTENSION_QUOTED) : -1;
      case EXTENSION_PAIR:
        return (is & VALUE) !== 0 ? this.#extension(EXTENSION_QUOTED) : -1;
      case EXTENSION_QUOTED_END:
        return this.#afterExtension(byte);
      case BLANK:
        if (isBlank(byte)) return this.#extension(BLANK);
        return byte === SEMICOLON ? this.#extension(EXTENSION_START) : -1;
      case SIZE_LF:
        return byte === LF ? CHUNK_DATA : -1;
      case DATA_CR:
        return byte === CR ? DATA_LF : -1;
      default:
        return byte === LF ? SIZE_START : -1;
    }
  }

  /** Reads a byte of a size. Zeros in front are allowed in any number: RFC 9112, 7.1. */
  #sizeByte(byte: number): number {
    const digit = HEX[byte]!;
    if (digit > 15) return this.#afterExtension(byte);
    if (this.#size === 0) {
      this.#size = digit;
      return this.#extension(SIZE);
    }
    this.#size = this.#size * 16 + digit;
    return this.#size > Number.MAX_SAFE_INTEGER ? -1 : SIZE;
  }

  #afterExtension(byte: number): number {
    if (byte === SEMICOLON) return this.#extension(EXTENSION_START);
    if (isBlank(byte)) return this.#extension(BLANK);
    return byte === CR ? SIZE_LF : -1;
  }

  #extension(next: number): number {
    if (++this.#idle <= this.#limit) return next;
    this.refusal = 'CHUNK_EXTENSIONS_TOO_LARGE';
    return -1;
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
