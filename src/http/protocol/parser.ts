import { CR, LF } from './bytes.ts';
import { Chunks } from './chunks.ts';
import type { Refusal } from './refusals.ts';
import { HeadReader, type HeadLimits } from './head-reader.ts';
import { DATA, END, FAILED, HEAD, NEED, type ParserEvent } from './parser-events.ts';

/*
 * This is HTTP/1 as a machine without I/O. It is given bytes and answers with the next event. The owner of the socket asks
 * again until there is nothing more, and passes the rest of the bytes each time:
 *
 *     NEED ──► HEAD ──► DATA* ──► END ──► HEAD ...          any of them ──► FAILED, for good
 *
 * Bytes may be cut anywhere.
 */

export interface ParserLimits extends HeadLimits {
  /** The most bytes of the extensions of all chunks of a body. */
  readonly extensions: number;
}

// The phases of a message.
const IN_HEAD = 0;
const IN_LENGTH = 1;
const IN_CHUNKS = 2;
const IN_TRAILERS = 3;
const AT_END = 4;
const CLOSED = 5;
const BROKEN = 6;

export class Parser {
  /** The place up to which the bytes given are used. */
  at = 0;
  /** After DATA: the part of the bytes given. */
  from = 0;
  to = 0;
  refusal: Refusal | undefined = undefined;
  /**
   * After HEAD: the request line and the fields. After END: the fields after the body. They are valid until the next
   * call.
   */
  readonly head: HeadReader;

  readonly #chunks: Chunks;
  #phase = IN_HEAD;
  /** The number of bytes of the body that are to come. */
  #left = 0;

  constructor(limits: ParserLimits) {
    this.head = new HeadReader(limits);
    this.#chunks = new Chunks(limits.extensions);
  }

  /** Whether no byte of a message has come. The parser may then be used for another connection. */
  get isFresh(): boolean {
    return this.#phase === IN_HEAD && this.head.isFresh;
  }

  /** Whether the connection may end now: between messages, or after one that is to be the last. */
  get mayEnd(): boolean {
    return this.isFresh || this.#phase === CLOSED;
  }

  /** Whether the connection may carry another request after this. RFC 9112, 9.3. */
  get keepsAlive(): boolean {
    return this.head.framing.keepsAlive(this.head.minor);
  }

  /** After END: whether fields came after the body. */
  get hasTrailers(): boolean {
    return this.head.framing.contentLength === -1 && this.head.count > 0;
  }

  /** The number of bytes of the message that are to come after its head; -1 when that is not known. */
  get left(): number {
    return this.#phase === IN_HEAD || this.#phase === CLOSED ? 0 : this.#left;
  }

  /** @param bytes the bytes that were received, to be looked at from `at` to `end`. */
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

  /** Returns to the state of a new parser. */
  reset(): void {
    this.refusal = undefined;
    this.#phase = IN_HEAD;
    this.head.reset();
  }

  #fail(refusal: Refusal): ParserEvent {
    this.#phase = BROKEN;
    this.refusal = refusal;
    return FAILED;
  }

  #readHead(bytes: Buffer, at: number, end: number): ParserEvent {
    const event = this.#read(bytes, at, end);
    if (event !== HEAD) return event;
    const { framing, method, minor } = this.head;
    const refusal = framing.conclude(method, minor);
    if (refusal !== undefined) return this.#fail(refusal);
    if (framing.contentLength === 0) this.#phase = AT_END;
    else if (framing.contentLength > 0) this.#phase = IN_LENGTH;
    else {
      this.#phase = IN_CHUNKS;
      this.#chunks.reset();
    }
    this.#left = framing.contentLength;
    return HEAD;
  }

  #read(bytes: Buffer, at: number, end: number): ParserEvent {
    const event = this.head.next(bytes, at, end);
    this.at = this.head.at;
    return event === FAILED ? this.#fail(this.head.refusal) : event;
  }

  #end(): ParserEvent {
    this.#phase = this.keepsAlive ? IN_HEAD : CLOSED;
    this.head.beginHead();
    return END;
  }

  /**
   * Refuses what follows the last message. Empty lines come from an old client. Any other byte is a request that will
   * not be answered.
   */
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
    if (event === FAILED) return this.#fail(chunks.refusal);
    this.#phase = IN_TRAILERS;
    this.head.beginTrailers();
    return this.#readTrailers(bytes, chunks.at, end);
  }

  #readTrailers(bytes: Buffer, at: number, end: number): ParserEvent {
    const event = this.#read(bytes, at, end);
    return event === HEAD ? this.#end() : event;
  }
}
