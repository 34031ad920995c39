import type { Refusal } from '../protocol/refusals.ts';
import type { Parser } from '../protocol/parser.ts';
import { DATA, END, FAILED, HEAD, NEED } from '../protocol/parser-events.ts';
import { CR, LF } from '../protocol/bytes.ts';
import { ReadAhead, type Reader } from './read-ahead.ts';
import type { ServerCore } from './server-core.ts';
import { READ_BYTES, type Receiver, type Source } from './source.ts';

/** When the kernel has more of a connection that ends than one read brings, so many bytes count. */
const MOST_QUEUED_BYTES = 8 * 1024 * 1024;

/** What is done with what a client sends. The parser is valid until the function returns. */
export interface IncomingEvents {
  /** Whether nothing is read any more: what comes is thrown away. */
  readonly isOver: boolean;
  /** Whether what comes has to wait. */
  readonly mustWait: boolean;
  gotHead(parser: Parser): void;
  gotData(parser: Parser, bytes: Buffer): void;
  /** The message is complete. */
  gotEnd(parser: Parser): void;
  /** All has been read, and the message is not complete. */
  ranOut(): void;
  refuse(refusal: Refusal): void;
  /** All of one read has been used: its responses are written at once. */
  flush(): void;
}

/**
 * What the client of a connection sends: the bytes go through a parser, and those that come too early are kept.
 *
 * Owns the parser, which it has while a message is being read, and what is kept.
 */
export class Incoming implements Receiver, Reader {
  readonly #core: ServerCore;
  readonly #source: Source;
  readonly #events: IncomingEvents;
  readonly #readAhead: ReadAhead;
  #parser: Parser | undefined;
  /** The bytes that are being read, within `receive`. */
  #bytes: Buffer | undefined;
  #end = 0;
  /**
   * When the connection is to end, the bytes that have come too late: requests that begin in them are not answered. It is
   * negative as long as the kernel's queue has not been seen empty, and so many bytes still come in time.
   */
  #late: number | undefined;
  /** What the kernel had when the connection was to end, while bytes before that are being read. */
  #queued: Buffer | undefined;

  constructor(core: ServerCore, source: Source, events: IncomingEvents) {
    this.#core = core;
    this.#source = source;
    this.#events = events;
    this.#readAhead = new ReadAhead(source);
  }

  /** Whether bytes are being read, so that `flush` will come. */
  get isReading(): boolean {
    return this.#bytes !== undefined;
  }

  /** Whether no byte of a message is here that has not been answered. */
  get isEmpty(): boolean {
    return this.#parser === undefined && this.#readAhead.isEmpty;
  }

  /** Whether the client has sent FIN, and all before it was read. */
  get isEnded(): boolean {
    return this.#readAhead.isEnded;
  }

  /** Whether so much has come too early that the source is not read. */
  get isPaused(): boolean {
    return this.#readAhead.isPaused;
  }

  /** Takes bytes. This is the hot path. @returns false when no more should be read until the source is told to resume. */
  receive(bytes: Buffer, end: number): boolean {
    if (this.#events.isOver) return true;
    if (this.#late !== undefined) this.#countLate(end);
    this.read(bytes, end);
    return !this.#readAhead.isPaused;
  }

  /** Reads bytes that have just come, or that were kept. */
  read(bytes: Buffer, end: number): void {
    if (this.#events.mustWait) return this.#readAhead.add(bytes, 0, end);
    this.#bytes = bytes;
    this.#end = end;
    this.#advance(bytes, end);
    this.#bytes = undefined;
    this.#events.flush();
    if (this.#queued !== undefined) this.#readQueued();
  }

  /**
   * Tells of a connection that is to end whether one more request is to be answered, behind the one that is answered now. It has to have
   * begun by the first call, with what the kernel had then. So a client that goes on asking is not answered for ever.
   *
   * Behind a body that has not been read nothing is found, unless its length is known and all of it has come.
   */
  isFollowed(): boolean {
    if (this.#late === undefined) this.#drawLine();
    const left = this.#parser?.left ?? 0;
    const pieces = [this.#bytes?.subarray(this.#parser!.at, this.#end), this.#readAhead.kept, this.#queued];
    const length = pieces.reduce((sum, piece) => sum + (piece?.length ?? 0), 0);
    return left >= 0 && hasRequest(pieces, left, length - Math.max(0, this.#late!));
  }

  /** Forgets that the connection was to end. */
  stay(): void {
    this.#late = undefined;
  }

  /** Notes that the client is not going to send more. */
  noteEnd(): void {
    this.#readAhead.end();
  }

  /** Reads what was kept. It is called outside of `receive`. */
  replay(): void {
    if (!this.#readAhead.isEmpty) this.#readAhead.replay(this);
  }

  /** Reads the source again. */
  resume(): void {
    this.#readAhead.resume();
  }

  /** Takes what was received and not read, copied where it lies in the shared buffer. */
  take(): Buffer | undefined {
    if (this.#bytes === undefined) return this.#readAhead.take();
    const rest = this.#bytes.subarray(this.#parser!.at, this.#end);
    return Buffer.concat(this.#queued === undefined ? [rest] : [rest, this.#queued]);
  }

  /** Forgets what was kept, and lets the parser go. */
  drop(): void {
    this.#readAhead.take();
    this.release();
  }

  /** Lets the parser go. It may be called again. */
  release(): void {
    if (this.#parser === undefined) return;
    this.#core.giveParser(this.#parser);
    this.#parser = undefined;
  }

  #drawLine(): void {
    this.#late = 0;
    // More of the request that is being answered is on its way, and has to be read first.
    if (!this.isReading && !this.#events.mustWait) return;
    const queued = this.#source.readQueued?.();
    if (queued === undefined) return;
    if (queued.length === READ_BYTES) this.#late = -MOST_QUEUED_BYTES;
    if (this.isReading) this.#queued = queued;
    else this.#readAhead.add(queued, 0, queued.length);
  }

  #countLate(length: number): void {
    // All of a read that empties the queue is in time, and nothing that comes later.
    if (this.#late! < 0 && length < READ_BYTES) this.#late = 0;
    else this.#late! += length;
  }

  #readQueued(): void {
    const queued = this.#queued!;
    this.#queued = undefined;
    if (!this.#events.isOver) this.read(queued, queued.length);
  }

  #advance(bytes: Buffer, end: number): void {
    const events = this.#events;
    const parser = (this.#parser ??= this.#core.takeParser());
    for (let at = 0; ; at = parser.at) {
      switch (parser.next(bytes, at, end)) {
        case NEED:
          if (parser.isFresh) this.release();
          else events.ranOut();
          return;
        case HEAD:
          events.gotHead(parser);
          break;
        case DATA:
          events.gotData(parser, bytes);
          break;
        case END:
          events.gotEnd(parser);
          break;
        case FAILED:
          return events.refuse(parser.refusal!);
      }
      if (events.isOver) return;
      if (!events.mustWait) continue;
      this.#readAhead.add(bytes, parser.at, end);
      // Other connections may use it until the handler has answered, or the client has taken that.
      if (parser.isFresh) this.release();
      return;
    }
  }
}

/** Whether there is more than empty lines in a part of what the pieces are together. */
function hasRequest(pieces: ReadonlyArray<Buffer | undefined>, from: number, to: number): boolean {
  let begin = 0;
  for (const piece of pieces) {
    if (piece === undefined) continue;
    const end = Math.min(piece.length, to - begin);
    for (let at = Math.max(0, from - begin); at < end; at++) if (piece[at] !== CR && piece[at] !== LF) return true;
    begin += piece.length;
  }
  return false;
}
