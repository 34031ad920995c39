import { CLASSES, COLON, CR, HTAB, LF, SP, TARGET, TOKEN, VALUE } from './bytes.ts';
import { Chunks } from './chunks.ts';
import { Framing } from './framing.ts';
import type { Fault } from './faults.ts';
import { methodAt } from './methods.ts';
import { DATA, END, FAILED, HEAD, NEED, type ParserEvent } from './parser-events.ts';
import { OTHER, specialField } from './special-fields.ts';
import { isTarget } from './target.ts';

/*
 * HTTP/1 as a machine without I/O. It is given bytes and answers with the next event; whoever holds the socket asks again
 * until there is nothing more, and passes the rest of the bytes each time:
 *
 *     NEED ──► HEAD ──► DATA* ──► END ──► HEAD ...          any of them ──► FAILED, for good
 *
 * Bytes may be cut anywhere. A head that comes in one piece, as nearly all do, is parsed where it lies, and nothing is
 * copied or made a string: `fields` has the places of names and values. One that comes in pieces is gathered in a buffer
 * of the parser's own, and scanning goes on where it stopped: a byte is looked at once, however slowly it comes.
 */

export interface ParserLimits {
  /** Bytes of a request line with its fields, and of a trailer section. */
  readonly head: number;
  /** Number of fields. */
  readonly fields: number;
  /** Bytes of the extensions of all chunks of a body. */
  readonly extensions: number;
}

// Where in a message the parser is.
const IN_HEAD = 0;
const IN_LENGTH = 1;
const IN_CHUNKS = 2;
const IN_TRAILERS = 3;
const AT_END = 4;
const CLOSED = 5;
const BROKEN = 6;

// Where in a head: the state of the scanner between two bytes.
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
/** What is read of a trailer section starts here, and of a head at START. */
const TRAILERS = FIELD;

/** Numbers of `fields` for each field: where its name starts and ends, and its value. */
export const PLACES = 4;

const NO_BYTES = Buffer.alloc(0);
/** First size of the buffer for a head that comes in pieces. */
const CARRY = 1024;

export class Parser {
  /** Where the bytes given are used up to. */
  at = 0;
  /** DATA: where in the bytes given. */
  from = 0;
  to = 0;
  fault: Fault | undefined = undefined;

  /** HEAD: the bytes that all places refer to, and where in them zero is. */
  head: Buffer = NO_BYTES;
  base = 0;
  /** HEAD: the length from there, the last CRLF included. */
  length = 0;
  method = '';
  targetStart = 0;
  targetEnd = 0;
  /** 1 of HTTP/1.1, 0 of HTTP/1.0. */
  minor = 1;
  /** How many, and their places. Those of trailers replace those of the head. */
  count = 0;
  readonly fields: Int32Array;
  /** HEAD: what follows from the fields. */
  readonly framing: Framing = new Framing();

  readonly #limits: ParserLimits;
  readonly #chunks: Chunks;
  #phase = IN_HEAD;
  #state = START;
  /** Of a head in pieces: how many bytes are gathered. */
  #carried = 0;
  #carry = NO_BYTES;
  /** How far it is scanned, from the base. */
  #scanned = 0;
  /** Where the token being scanned starts, from the base; in VERSION, how many bytes of it came. */
  #mark = 0;
  #special = OTHER;
  /** Bytes of the body that are to come. */
  #left = 0;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
    this.#chunks = new Chunks(limits.extensions);
    this.fields = new Int32Array(limits.fields * PLACES);
  }

  /** Nothing of a message has come: the parser may be used for another connection. */
  get isFresh(): boolean {
    return this.#phase === IN_HEAD && this.#carried === 0;
  }

  /** Whether the end of the connection is one between messages, or of a message that is to be the last. */
  get mayEnd(): boolean {
    return this.isFresh || this.#phase === CLOSED;
  }

  /** Whether the connection may carry another request after this. RFC 9112, 9.3. */
  get keepsAlive(): boolean {
    return this.framing.keepsAlive(this.minor);
  }

  /** END: whether fields came after the body, which `fields` has then. */
  get hasTrailers(): boolean {
    return this.framing.contentLength === -1 && this.count > 0;
  }

  /** @param bytes what was received, to be looked at from `at` to `end`. */
  next(bytes: Buffer, at: number, end: number): ParserEvent {
    this.at = at;
    switch (this.#phase) {
      case IN_HEAD:
        return this.#readHead(bytes, at, end);
      case AT_END:
        return this.#end();
      case IN_LENGTH:
        return this.#readLength(at, end);
      case IN_CHUNKS:
        return this.#readChunks(bytes, at, end);
      case IN_TRAILERS:
        return this.#readTrailers(bytes, at, end);
      case CLOSED:
        return at === end ? NEED : this.#refuseMore(bytes, at, end);
      default:
        return FAILED;
    }
  }

  /** Back to the state of a new parser, which keeps its buffers. */
  reset(): void {
    this.fault = undefined;
    this.#phase = IN_HEAD;
    this.#forgetHead();
  }

  #forgetHead(): void {
    this.head = NO_BYTES;
    this.#carry = NO_BYTES;
    this.#carried = 0;
    this.#begin(START);
  }

  #begin(state: number): void {
    this.#state = state;
    this.#scanned = 0;
    this.#mark = 0;
  }

  #fail(fault: Fault): ParserEvent {
    this.#phase = BROKEN;
    this.fault = fault;
    return FAILED;
  }

  #readHead(bytes: Buffer, at: number, end: number): ParserEvent {
    const event = this.#gather(bytes, at, end);
    if (event !== HEAD) return event;
    const fault = this.framing.settle(this.method, this.minor);
    if (fault !== undefined) return this.#fail(fault);
    this.#carried = 0;
    if (this.framing.contentLength === 0) this.#phase = AT_END;
    else if (this.framing.contentLength > 0) this.#phase = IN_LENGTH;
    else {
      this.#phase = IN_CHUNKS;
      this.#chunks.reset();
    }
    this.#left = this.framing.contentLength;
    return HEAD;
  }

  #end(): ParserEvent {
    this.#phase = this.keepsAlive ? IN_HEAD : CLOSED;
    this.#begin(START);
    return END;
  }

  /** Empty lines after the last message are an old client's, any other byte is a request that will not be answered. */
  #refuseMore(bytes: Buffer, at: number, end: number): ParserEvent {
    for (; at < end; at++) if (bytes[at] !== CR && bytes[at] !== LF) return this.#fail('AFTER_CLOSE');
    this.at = end;
    return NEED;
  }

  #readLength(at: number, end: number): ParserEvent {
    if (at === end) return NEED;
    this.from = at;
    this.to = this.at = Math.min(end, at + this.#left);
    this.#left -= this.to - at;
    if (this.#left === 0) this.#phase = AT_END;
    return DATA;
  }

  #readChunks(bytes: Buffer, at: number, end: number): ParserEvent {
    const chunks = this.#chunks;
    const event = chunks.next(bytes, at, end);
    this.at = chunks.at;
    if (event === DATA) {
      this.from = chunks.from;
      this.to = chunks.at;
      return DATA;
    }
    if (event === NEED) return NEED;
    if (event === FAILED) return this.#fail(chunks.fault);
    this.#phase = IN_TRAILERS;
    this.#begin(TRAILERS);
    this.count = 0;
    return this.#readTrailers(bytes, chunks.at, end);
  }

  #readTrailers(bytes: Buffer, at: number, end: number): ParserEvent {
    const event = this.#gather(bytes, at, end);
    if (event !== HEAD) return event;
    this.#carried = 0;
    return this.#end();
  }

  /** Scans where the bytes lie; and when they are not all, keeps them. */
  #gather(bytes: Buffer, at: number, end: number): ParserEvent {
    if (this.#carried > 0) return this.#gatherMore(bytes, at, end);
    const limit = Math.min(end, at + this.#limits.head);
    const event = this.#scan(bytes, at, limit);
    if (event !== NEED) return event;
    if (limit < end) return this.#fail(this.#tooLarge());
    this.at = end;
    if (this.#state === START) this.#skipEmptyLines();
    else this.#keep(bytes, at, end);
    return NEED;
  }

  #gatherMore(bytes: Buffer, at: number, end: number): ParserEvent {
    const before = this.#carried;
    const limit = Math.min(end, at + this.#limits.head - before);
    this.#keep(bytes, at, limit);
    const event = this.#scan(this.#carry, 0, this.#carried);
    if (event === NEED && limit < end) return this.#fail(this.#tooLarge());
    // The scanner has left its place in the buffer of our own.
    this.at = event === NEED ? end : at + this.at - before;
    if (event === NEED && this.#state === START) this.#skipEmptyLines();
    return event;
  }

  /** Before a request they are nothing. RFC 9112, 2.2. */
  #skipEmptyLines(): void {
    this.#carried = 0;
    this.#begin(START);
  }

  #tooLarge(): Fault {
    return this.#state === TARGET_BYTES ? 'TARGET_TOO_LONG' : 'HEAD_TOO_LARGE';
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const size = this.#carried + to - from;
    if (size > this.#carry.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#limits.head, Math.max(CARRY, 2 * size)));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    bytes.copy(this.#carry, this.#carried, from, to);
    this.#carried = size;
  }

  /**
   * The hot path: from where it stopped to the end of the head. The loops within are for what is long: target, names
   * and values.
   */
  #scan(bytes: Buffer, base: number, end: number): ParserEvent {
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
          // The same byte again, as the first of the value.
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
            const fault = this.#note(bytes, base + mark, last);
            if (fault !== undefined) return this.#fail(fault);
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
          this.head = bytes;
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
          if ((CLASSES[byte]! & TOKEN) !== 0) break;
          if (byte !== SP) return this.#fail('BAD_METHOD');
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
        case VERSION:
          if (mark < VERSION_PREFIX.length) {
            if (byte !== VERSION_PREFIX[mark]) return this.#fail(mark < 5 ? 'BAD_VERSION' : 'OTHER_VERSION');
            mark++;
            break;
          }
          this.minor = byte - 48;
          if (this.minor !== 1 && this.minor !== 0) return this.#fail('OTHER_VERSION');
          state = VERSION_CR;
          break;
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

  /** A field that the protocol acts upon. */
  #note(bytes: Buffer, from: number, to: number): Fault | undefined {
    // After a body they are too late to mean what they say, and somebody behind us may believe them: RFC 9110, 6.5.1.
    if (this.#phase === IN_TRAILERS) return 'BAD_TRAILER';
    return this.framing.note(this.#special, bytes, from, to);
  }
}
