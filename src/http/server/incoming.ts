import type { Refusal } from '../protocol/refusals.ts';
import type { Parser } from '../protocol/parser.ts';
import { DATA, END, FAILED, HEAD, NEED } from '../protocol/parser-events.ts';
import { ReadAhead } from './read-ahead.ts';
import type { ServerCore } from './server-core.ts';
import type { Receiver, Source } from './source.ts';

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
export class Incoming implements Receiver {
  readonly #core: ServerCore;
  readonly #events: IncomingEvents;
  readonly #readAhead: ReadAhead;
  #parser: Parser | undefined;
  /** The bytes that are being read, within `receive`. */
  #bytes: Buffer | undefined;
  #end = 0;

  constructor(core: ServerCore, source: Source, events: IncomingEvents) {
    this.#core = core;
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
    if (this.#events.mustWait) this.#readAhead.add(bytes, 0, end);
    else {
      this.#bytes = bytes;
      this.#end = end;
      this.#advance(bytes, end);
      this.#bytes = undefined;
      this.#events.flush();
    }
    return !this.#readAhead.isPaused;
  }

  /** Notes that the client is not going to send more. */
  noteEnd(): void {
    this.#readAhead.end();
  }

  /** Reads what was kept, or lets the parser go when there is nothing. It is called outside of `receive`. */
  replay(): void {
    if (!this.#readAhead.isEmpty) this.#readAhead.replay(this);
    else if (this.#parser?.isFresh === true) this.release();
  }

  /** Reads the source again. */
  resume(): void {
    this.#readAhead.resume();
  }

  /** Takes what was received and not read, copied where it lies in the shared buffer. */
  take(): Buffer | undefined {
    if (this.#bytes === undefined) return this.#readAhead.take();
    return Buffer.from(this.#bytes.subarray(this.#parser!.at, this.#end));
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
      if (events.mustWait) return this.#readAhead.add(bytes, parser.at, end);
    }
  }
}
