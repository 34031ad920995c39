import { CLASSES, COLON, CR, HTAB, LF, SP, TARGET, TOKEN, VALUE } from './bytes.ts';
import type { Refusal } from './refusals.ts';
import { Framing } from './framing.ts';
import { methodAt } from './methods.ts';
import { FAILED, HEAD, NEED } from './parser-events.ts';
import { OTHER, specialField } from './special-fields.ts';
import { isTarget } from './target.ts';

export interface HeadLimits {
  /** The most bytes of a request line with its fields, and of a trailer section. */
  readonly head: number;
  /** The most fields. */
  readonly fields: number;
}

// The states of the scanner between two bytes of a head.
const START = 0;
const START_LF = 1;
const METHOD = 2;
const TARGET_BYTES = 3;
const VERSION = 4;
const VERSION_CR = 5;
const VERSION_LF = 6;
const FIELD = 7;
const NAME = 8;
const BEFORE_VALUE = 9;
const VALUE_BYTES = 10;
const VALUE_LF = 11;
const LAST_LF = 12;

const VERSION_PREFIX = Buffer.from('HTTP/1.');
/** How many numbers `fields` has for each field: where its name starts and ends, and its value. */
export const PLACES = 4;

const NO_BYTES = Buffer.alloc(0);
/** The first size of the buffer for a head that comes in pieces. */
const CARRY_BYTES = 1024;

type HeadEvent = typeof NEED | typeof HEAD | typeof FAILED;

/**
 * Reads a request line with its fields, and the fields after a body. A head in one piece, as nearly all are, is parsed
 * where it lies. Nothing is copied or made a string: `fields` has the places of names and values. A head in pieces is
 * gathered in a buffer of its own, and scanning goes on where it stopped. So a byte is looked at once, however slowly
 * it comes.
 */
export class HeadReader {
  /** The place up to which the bytes given are used. */
  at = 0;
  refusal: Refusal = 'BAD_METHOD';

  /** After HEAD: the bytes that all places refer to, and where in them zero is. */
  bytes: Buffer = NO_BYTES;
  base = 0;
  /** After HEAD: the length from there, the last CRLF included. */
  length = 0;
  method = '';
  targetStart = 0;
  targetEnd = 0;
  /** The minor version: 1 of HTTP/1.1, 0 of HTTP/1.0. */
  minor = 1;
  /** The number of fields, and their places. Those of trailers replace those of the head. */
  count = 0;
  readonly fields: Int32Array;
  /** After HEAD: the conclusions from the fields. */
  readonly framing: Framing = new Framing();

  readonly #limits: HeadLimits;
  #state = START;
  #isTrailers = false;
  /** The number of bytes that are gathered of a head in pieces. */
  #carried = 0;
  #carry = NO_BYTES;
  /** The place up to which it is scanned, from the base. */
  #scanned = 0;
  /** The place where the token being scanned starts, from the base. In VERSION, the number of its bytes that came. */
  #mark = 0;
  #special = OTHER;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.fields = new Int32Array(limits.fields * PLACES);
  }

  /** Whether no byte of the head has come. */
  get isFresh(): boolean {
    return this.#carried === 0;
  }

  /** Begins a head: a request line with its fields is next. */
  beginHead(): void {
    this.#begin(START, false);
  }

  /** Begins trailers: the fields after a body are next. */
  beginTrailers(): void {
    this.#begin(FIELD, true);
    this.count = 0;
  }

  /** Returns to the state of a new reader, without the buffers of others. */
  reset(): void {
    this.bytes = NO_BYTES;
    this.#carry = NO_BYTES;
    this.beginHead();
  }

  /** Scans where the bytes lie. When the head is not complete, its bytes are kept. */
  next(bytes: Buffer, at: number, end: number): HeadEvent {
    if (this.#carried > 0) return this.#nextMore(bytes, at, end);
    const limit = Math.min(end, at + this.#limits.head);
    const event = this.#scan(bytes, at, limit);
    if (event !== NEED) return event;
    if (limit < end) return this.#fail(this.#tooLarge());
    this.at = end;
    if (this.#state === START) this.#skipEmptyLines();
    else this.#keep(bytes, at, end);
    return NEED;
  }

  #nextMore(bytes: Buffer, at: number, end: number): HeadEvent {
    const before = this.#carried;
    const limit = Math.min(end, at + this.#limits.head - before);
    this.#keep(bytes, at, limit);
    const event = this.#scan(this.#carry, 0, this.#carried);
    if (event === NEED && limit < end) return this.#fail(this.#tooLarge());
    // The scanner has left its place in our own buffer.
    this.at = event === NEED ? end : at + this.at - before;
    if (event === NEED && this.#state === START) this.#skipEmptyLines();
    return event;
  }

  /** Discards empty lines before a request line, as RFC 9112, 2.2 allows. */
  #skipEmptyLines(): void {
    this.beginHead();
  }

  #tooLarge(): Refusal {
    return this.#state === TARGET_BYTES ? 'TARGET_TOO_LONG' : 'HEAD_TOO_LARGE';
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const size = this.#carried + to - from;
    if (size > this.#carry.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#limits.head, Math.max(CARRY_BYTES, 2 * size)));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    bytes.copy(this.#carry, this.#carried, from, to);
    this.#carried = size;
  }

  #begin(state: number, isTrailers: boolean): void {
    this.#state = state;
    this.#isTrailers = isTrailers;
    this.#carried = 0;
    this.#scanned = 0;
    this.#mark = 0;
  }

  #fail(refusal: Refusal): typeof FAILED {
    this.refusal = refusal;
    return FAILED;
  }

  /**
   * Scans from where it stopped to the end of the head. This is the hot path. The inner loops are for runs of bytes: a
   * turn of the outer one costs 3 ns.
   */
  #scan(bytes: Buffer, base: number, end: number): HeadEvent {
    let state = this.#state;
    let mark = this.#mark;
    let at = base + this.#scanned;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      switch (state) {
        case NAME: {
          let next = byte;
          while ((CLASSES[next]! & TOKEN) !== 0 && ++at < end) next = bytes[at]!;
          if (at === end) break;
          if (next !== COLON) return this.#fail('BAD_FIELD_NAME');
          if (this.count * PLACES === this.fields.length) return this.#fail('TOO_MANY_FIELDS');
          this.fields[this.count * PLACES] = mark;
          this.fields[this.count * PLACES + 1] = at - base;
          this.#special = specialField(bytes, base + mark, at);
          state = BEFORE_VALUE;
          break;
        }
        case BEFORE_VALUE:
          if (byte === SP || byte === HTAB) break;
          mark = at - base;
          state = VALUE_BYTES;
          // The same byte is scanned again, as the first of the value.
          at--;
          break;
        case VALUE_BYTES: {
          let next = byte;
          while ((CLASSES[next]! & VALUE) !== 0 && ++at < end) next = bytes[at]!;
          if (at === end) break;
          if (next !== CR) return this.#fail(next === LF ? 'BAD_LINE_END' : 'BAD_FIELD_VALUE');
          let last = at;
          while (last > base + mark && (bytes[last - 1] === SP || bytes[last - 1] === HTAB)) last--;
          const place = this.count++ * PLACES;
          this.fields[place + 2] = mark;
          this.fields[place + 3] = last - base;
          if (this.#special !== OTHER) {
            const refusal = this.#note(bytes, base + mark, last);
            if (refusal !== undefined) return this.#fail(refusal);
          }
          state = VALUE_LF;
          break;
        }
        case VALUE_LF:
        case VERSION_LF:
          if (byte !== LF) return this.#fail('BAD_LINE_END');
          state = FIELD;
          break;
        case FIELD:
          if (byte === CR) state = LAST_LF;
          else if ((CLASSES[byte]! & TOKEN) === 0) return this.#fail('BAD_FIELD_NAME');
          else {
            mark = at - base;
            state = NAME;
          }
          break;
        case LAST_LF:
          if (byte !== LF) return this.#fail('BAD_LINE_END');
          this.bytes = bytes;
          this.base = base;
          this.at = at + 1;
          this.length = at + 1 - base;
          return HEAD;
        case START:
          if (byte === CR) state = START_LF;
          else if ((CLASSES[byte]! & TOKEN) === 0) return this.#fail('BAD_METHOD');
          else {
            mark = at - base;
            this.count = 0;
            this.framing.reset();
            state = METHOD;
          }
          break;
        case START_LF:
          if (byte !== LF) return this.#fail('BAD_LINE_END');
          state = START;
          break;
        case METHOD: {
          let next = byte;
          while ((CLASSES[next]! & TOKEN) !== 0 && ++at < end) next = bytes[at]!;
          if (at === end) break;
          if (next !== SP) return this.#fail('BAD_METHOD');
          const method = methodAt(bytes, base + mark, at);
          if (method === undefined) return this.#fail('UNKNOWN_METHOD');
          this.method = method;
          mark = at + 1 - base;
          state = TARGET_BYTES;
          break;
        }
        case TARGET_BYTES: {
          let next = byte;
          while ((CLASSES[next]! & TARGET) !== 0 && ++at < end) next = bytes[at]!;
          if (at === end) break;
          if (next !== SP || !isTarget(this.method, bytes, base + mark, at)) return this.#fail('BAD_TARGET');
          this.targetStart = mark;
          this.targetEnd = at - base;
          mark = 0;
          state = VERSION;
          break;
        }
        case VERSION: {
          let next = byte;
          while (mark < VERSION_PREFIX.length && next === VERSION_PREFIX[mark]) {
            mark++;
            if (++at === end) break;
            next = bytes[at]!;
          }
          if (at === end) break;
          if (mark < VERSION_PREFIX.length) return this.#fail(mark < 5 ? 'BAD_VERSION' : 'OTHER_VERSION');
          this.minor = next - 48;
          if (this.minor !== 1 && this.minor !== 0) return this.#fail('OTHER_VERSION');
          state = VERSION_CR;
          break;
        }
        case VERSION_CR:
          if (byte !== CR) return this.#fail('BAD_VERSION');
          state = VERSION_LF;
          break;
      }
    }
    this.#state = state;
    this.#mark = mark;
    this.#scanned = end - base;
    return NEED;
  }

  /** Notes a field that the protocol acts upon. */
  #note(bytes: Buffer, from: number, to: number): Refusal | undefined {
    // Such fields come too late after a body to mean what they say, and a server behind us may believe them: RFC 9110,
    // 6.5.1.
    if (this.#isTrailers) return 'BAD_TRAILER';
    return this.framing.note(this.#special, bytes, from, to);
  }
}
