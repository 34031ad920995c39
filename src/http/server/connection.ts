import type { Socket } from 'node:net';
import type { Sendable } from '../message/content.ts';
import { Context } from '../message/context.ts';
import { clientLeft } from '../protocol/errors.ts';
import { faults, type Fault } from '../protocol/faults.ts';
import { FieldSection } from '../protocol/field-section.ts';
import type { Parser } from '../protocol/parser.ts';
import { DATA, END, FAILED, HEAD as WHOLE_HEAD, NEED } from '../protocol/parser-events.ts';
import { ReadAhead } from './read-ahead.ts';
import { refusal } from './refusal.ts';
import { RequestBodyReceiver } from './request-body-receiver.ts';
import { RequestHead } from '../message/request-head.ts';
import { reset } from '../node-internals/index.ts';
import { ResponseEncoder } from './response-encoder.ts';
import type { Hijacked, ResponseHead, ResponseSink } from '../message/response-sink.ts';
import { isPinned, pin, type Rest } from './served.ts';
import type { ServerCore } from './server-core.ts';
import type { Source } from './source.ts';
import {
  BODY,
  CLOSED,
  DISCARDING,
  DONE,
  ENDED,
  FULL,
  HEAD,
  IDLE,
  ON_BYTES,
  ON_CLOSE,
  ON_END,
  ON_EOF,
  ON_FULL,
  ON_HEAD,
  ON_NEXT,
  ON_STOP,
  ON_TAKEN,
  requestSide,
} from '../protocol/transitions.ts';
import { Writer } from './writer.ts';

/** The time for which a client may go on sending after it has been sent the last response. */
const LINGER_MS = 2000;

/** This stands for no deadline. */
const NEVER = 0;
/**
 * This stands for a deadline that is not known yet: the clock of the state starts when the kernel has taken the last
 * byte.
 */
const AFTER_LAST_BYTE = -1;

const NOTHING = Buffer.alloc(0);

/**
 * A connection: reads requests one after the other, and writes their responses in turn. transitions.ts says what may
 * happen when; here is what is done then.
 *
 * Owns the socket until it is hijacked. The socket's `destroy` closes it. The connection has a parser while a message
 * is being read, and none while it is idle.
 */
export class Connection implements ResponseSink {
  readonly socket: Socket;
  readonly #core: ServerCore;
  readonly #source: Source;
  readonly #writer: Writer;
  readonly #encoder: ResponseEncoder;
  readonly #readAhead: ReadAhead;
  readonly #since: number;
  /** A state of the request side. The context has the state of the response side. */
  #request: number = IDLE;
  #requests = 0;

  #parser: Parser | undefined;
  /** The bytes that are being read, within `receive`. All responses are written at once at its end. */
  #bytes: Buffer | undefined;
  #end = 0;

  /** The request that is being received or answered. */
  #context: Context | undefined;
  #receiver: RequestBodyReceiver | undefined;
  /** The ordinal of the request among all that a handler got; 0 when no handler has got it, or it is over. */
  #ordinal = 0;
  /** The time when its handler was called, if that is to be known. */
  #startedAt = 0;

  #deadline: number = AFTER_LAST_BYTE;
  /** The rest of the readTimeout while a body is full, ms; 0 for no limit. */
  #readTime = 0;
  #drained: Array<() => void> = NONE;

  constructor(socket: Socket, source: Source, core: ServerCore) {
    this.socket = socket;
    this.#source = source;
    this.#readAhead = new ReadAhead(source);
    this.#core = core;
    this.#since = core.now;
    this.#writer = new Writer(socket, source.handle, () => this.#onDrained());
    this.#encoder = new ResponseEncoder(core, this.#writer);
  }

  /** Whether all that has come is answered, and all answers are taken. */
  get isIdle(): boolean {
    const isQuiet = this.#request === IDLE && this.#parser === undefined && this.#readAhead.isEmpty;
    return isQuiet && this.#writer.isAllTaken;
  }

  /** Whether another process could serve it. */
  get rest(): Rest {
    if (!this.#source.isNative || this.#request >= ENDED || isPinned(this.socket)) return 'never';
    const { socket } = this;
    if (socket.destroyed || !socket.readable || !socket.writable) return 'never';
    // The application waits for bytes that it will not get here, and not there either.
    if (socket.listenerCount('data') + socket.listenerCount('readable') > 0) return 'never';
    return this.isIdle && !this.#readAhead.isPaused ? 'free' : 'busy';
  }

  /**
   * Takes bytes. This is the hot path. @returns false when no more should be read until the source is told to resume.
   */
  receive(bytes: Buffer, end: number): boolean {
    if (this.#request >= DISCARDING) return true;
    if (this.#mustWait()) this.#readAhead.add(bytes, 0, end);
    else {
      this.#bytes = bytes;
      this.#end = end;
      this.#advance(bytes, end);
      this.#bytes = undefined;
      this.#writer.flush();
    }
    return !this.#readAhead.isPaused;
  }

  /** Notes that the client is not going to send more. */
  ended(): void {
    if (this.#request >= DISCARDING) return;
    this.#readAhead.end();
    if (this.#readAhead.isEnded) this.#onEof();
  }

  /** Notes that the socket has closed. */
  closed(): void {
    this.#core.remove(this);
    if (this.#request === CLOSED) return;
    this.#request = requestSide.next(this.#request, ON_CLOSE);
    this.#abandon(clientLeft);
    this.#releaseParser();
    this.#onDrained();
  }

  /** Checks the deadlines, about twice a second. @param now the time by the server's clock. */
  check(now: number): void {
    if (this.#request === CLOSED) return;
    if (this.#writer.isStalled(now, this.#core.settings.writeTimeout)) return this.cut();
    if (this.#deadline === AFTER_LAST_BYTE) this.#startClock(now);
    else if (this.#deadline !== NEVER && now >= this.#deadline) this.#expire();
  }

  /** Stops: nothing more is answered, and what is still read is thrown away. It may be called again. */
  stop(): void {
    if (this.#request >= DISCARDING) return;
    this.#request = requestSide.next(this.#request, ON_STOP);
    this.#writer.flush();
    const looksWhole = this.#context?.isUnderway === true && this.#encoder.endsWithConnection;
    this.#abandon(clientLeft);
    this.#readAhead.take();
    this.#releaseParser();
    if (looksWhole) return reset(this.socket);
    this.socket.end();
    this.#deadline = AFTER_LAST_BYTE;
    this.#readAhead.resume();
  }

  /** Closes at once. A response on its way does not look as if it were whole. */
  cut(): void {
    if (this.#context?.isUnderway === true || !this.#writer.isAllTaken) reset(this.socket);
    else this.socket.destroy();
  }

  answer(head: ResponseHead, content: Sendable): void {
    if (this.#isTooMuch()) this.#encoder.isLast = true;
    this.#encoder.answer(head, content);
    this.#complete();
  }

  begin(head: ResponseHead): void {
    if (this.#isTooMuch() && !this.#receiver!.body.isTaken) this.#encoder.isLast = true;
    this.#encoder.begin(head);
    if (this.#request === DONE) this.#deadline = NEVER;
  }

  write(content: Sendable): boolean {
    this.#encoder.write(content);
    if (this.#request === ENDED) this.#awaitHandler();
    if (this.#bytes === undefined) this.#writer.flush();
    return !this.#writer.isBlocked;
  }

  finish(trailers: string): void {
    this.#encoder.finish(trailers);
    this.#complete();
  }

  break(error?: unknown): void {
    if (error !== undefined) this.#core.application.log('prefork/http: a response could not be read to its end', error);
    this.stop();
  }

  drained(): Promise<void> {
    if (!this.#writer.isBlocked || this.#request === CLOSED) return Promise.resolve();
    if (this.#drained === NONE) this.#drained = [];
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  inform(head: string): void {
    this.#writer.add(head);
    if (this.#bytes === undefined) this.#writer.flush();
  }

  hijack(): Hijacked {
    this.#writer.flush();
    const head = this.#bytes === undefined ? (this.#readAhead.take() ?? NOTHING) : this.#rest();
    this.#request = requestSide.next(this.#request, ON_CLOSE);
    this.#settle();
    this.#context = undefined;
    this.#releaseParser();
    this.#core.left(this);
    this.#source.release();
    return { socket: this.socket, head };
  }

  #mustWait(): boolean {
    return this.#request >= FULL || this.#writer.isBlocked;
  }

  /** Whether the rest of the body would not be waited for after the response. The response then says so. */
  #isTooMuch(): boolean {
    return this.#request <= FULL && this.#receiver?.isShort === false;
  }

  #isDue(): boolean {
    const { disableKeepalive, maxRequestsPerConn, maxKeepaliveDuration } = this.#core.settings;
    if (disableKeepalive || this.#core.leaving.ends(this)) return true;
    if (maxRequestsPerConn !== 0 && this.#requests >= maxRequestsPerConn) return true;
    return maxKeepaliveDuration !== 0 && this.#core.now - this.#since >= maxKeepaliveDuration;
  }

  #advance(bytes: Buffer, end: number): void {
    const parser = (this.#parser ??= this.#core.takeParser());
    for (let at = 0; ; at = parser.at) {
      switch (parser.next(bytes, at, end)) {
        case NEED:
          return this.#ranOut(parser);
        case WHOLE_HEAD:
          this.#begin(parser);
          break;
        case DATA:
          this.#gather(parser, bytes);
          break;
        case END:
          this.#received(parser);
          break;
        case FAILED:
          return this.#refuse(parser.fault!);
      }
      if (this.#request >= DISCARDING) return;
      if (this.#mustWait()) return this.#readAhead.add(bytes, parser.at, end);
    }
  }

  #ranOut(parser: Parser): void {
    if (parser.isFresh) this.#releaseParser();
    else if (this.#request === IDLE) {
      this.#request = requestSide.next(IDLE, ON_BYTES);
      this.#wait(this.#core.settings.readTimeout);
    }
  }

  #begin(parser: Parser): void {
    this.#requests++;
    this.#core.application.connState?.(this.socket, 'active');
    if (parser.head.framing.authenticates) pin(this.socket);
    this.#request = requestSide.next(this.#request, ON_HEAD);
    this.#encoder.start(parser.head.method, parser.head.minor, !parser.keepsAlive || this.#isDue());
    const fault = this.#core.judge(parser.head);
    if (fault !== undefined) return this.#refuse(fault);
    const head = new RequestHead(parser.head);
    if (parser.head.framing.contentLength !== 0) return this.#beginBody(parser, head);
    const context = (this.#context = new Context(head, this, undefined));
    if (parser.head.method === 'CONNECT') {
      if (!this.#core.application.upgrade(context, true)) this.#refuse('NO_TUNNEL');
    } else if (parser.head.framing.upgrades) this.#core.application.upgrade(context, false);
  }

  #beginBody(parser: Parser, head: RequestHead): void {
    const receiver = (this.#receiver = new RequestBodyReceiver(this.#core, head, () => this.#onTaken()));
    const context = (this.#context = new Context(head, this, receiver.body));
    const { contentLength, expectsContinue } = parser.head.framing;
    if (!expectsContinue) receiver.expect(contentLength);
    receiver.limit = limitOf(this.#core.settings.maxRequestBodySize);
    this.#wait(this.#core.settings.readTimeout);
    try {
      this.#judgeBody(parser, context, receiver);
    } catch (error) {
      // A hook has thrown, and stands for the handler then.
      if (context.isOpen) this.#count();
      this.#core.application.failed(context, error);
      return;
    }
    if (this.#core.settings.streamRequestBody && this.#request === BODY && context.isOpen) this.#run(context);
  }

  /** Judges the body by the application's hooks, and by its limits. */
  #judgeBody(parser: Parser, context: Context, receiver: RequestBodyReceiver): void {
    const limits = this.#core.application.headerReceived(context);
    if (limits?.maxRequestBodySize !== undefined) receiver.limit = limitOf(limits.maxRequestBodySize);
    // The hook has answered, so the body is skipped, or the connection has closed.
    if (this.#request !== BODY || !context.isOpen) return;
    if (limits?.readTimeout !== undefined) this.#wait(limits.readTimeout);
    const { contentLength, expectsContinue } = parser.head.framing;
    if (contentLength > receiver.limit) return this.#refuse('BODY_TOO_LARGE');
    if (!expectsContinue) return;
    if (!this.#core.application.continues(context)) return this.#refuse('BAD_EXPECT');
    this.#writer.add('HTTP/1.1 100 Continue\r\n\r\n');
    receiver.expect(contentLength);
  }

  #gather(parser: Parser, bytes: Buffer): void {
    const { from, to } = parser;
    const receiver = this.#receiver!;
    if (this.#context!.isAnswered) {
      if (!receiver.skip(to - from)) this.stop();
      return;
    }
    const fault = receiver.take(bytes, from, to, parser.head.framing.contentLength);
    if (fault !== undefined) this.#refuse(fault);
    else if (this.#ordinal !== 0 && receiver.isFull) this.#onFull();
  }

  /** Waits for the handler, which is now slower than the client. */
  #onFull(): void {
    this.#request = requestSide.next(this.#request, ON_FULL);
    this.#readTime = this.#deadline === NEVER ? 0 : Math.max(1, this.#deadline - this.#core.now);
    this.#awaitHandler();
  }

  /** Goes on reading: there is room again. */
  #onTaken(): void {
    if (this.#request !== FULL) return;
    this.#request = requestSide.next(FULL, ON_TAKEN);
    this.#wait(this.#readTime);
    if (this.#bytes === undefined) this.#goOn();
  }

  #received(parser: Parser): void {
    this.#request = requestSide.next(this.#request, ON_END);
    this.#receiver?.body.complete(parser.hasTrailers ? FieldSection.of(parser.head) : undefined);
    const context = this.#context!;
    if (context.isOpen) {
      if (this.#ordinal === 0) this.#run(context);
      else this.#awaitHandler();
    } else if (context.isUnderway) this.#deadline = NEVER;
    else this.#next();
  }

  #run(context: Context): void {
    this.#count();
    this.#core.application.handle(context);
    if (this.#request === DONE && context.isOpen) this.#awaitHandler();
  }

  /** Counts the request as given to a handler. */
  #count(): void {
    this.#ordinal = this.#core.traffic.begin();
    this.#startedAt = this.#core.traffic.startTime();
  }

  /** Goes on after the response is given. */
  #complete(): void {
    this.#settle(this.#context!.statusCode);
    if (this.#request === FULL) this.#request = requestSide.next(FULL, ON_TAKEN);
    if (this.#request !== BODY) this.#next();
    else {
      this.#receiver?.body.fail(new Error('the request has been answered'));
      // The rest of the body is not worth the wait, or cannot be told from the next request.
      if (this.#encoder.isLast) this.stop();
    }
    if (this.#bytes === undefined) this.#goOn();
  }

  #next(): void {
    this.#context = this.#receiver = undefined;
    if (this.#encoder.isLast) return this.stop();
    this.#request = requestSide.next(this.#request, ON_NEXT);
    this.#core.application.connState?.(this.socket, 'idle');
    this.#core.leaving.free(this.socket);
    this.#deadline = AFTER_LAST_BYTE;
  }

  /** Writes, and reads what was held meanwhile. It is called outside of `receive`. */
  #goOn(): void {
    this.#writer.flush();
    if (this.#request >= DISCARDING || this.#mustWait()) return;
    if (!this.#readAhead.isEmpty) this.#readAhead.replay(this);
    else if (this.#request === IDLE && this.#parser?.isFresh === true) this.#releaseParser();
    if (this.#request >= DISCARDING || this.#mustWait()) return;
    if (this.#readAhead.isEnded) this.#onEof();
    else if (this.#readAhead.isPaused) this.#readAhead.resume();
  }

  #rest(): Buffer {
    return Buffer.from(this.#bytes!.subarray(this.#parser!.at, this.#end));
  }

  #onDrained(): void {
    const waiting = this.#drained;
    this.#drained = NONE;
    for (const resolve of waiting) resolve();
    if (this.#request < DISCARDING) this.#goOn();
  }

  /** Handles the client's FIN, after all that it sent before has been read. */
  #onEof(): void {
    const isWhole = this.#request === DONE;
    this.#request = requestSide.next(this.#request, ON_EOF);
    // An open event stream never ends by itself, so the connection stops now. Other responses may finish.
    if (!isWhole || (this.#context!.isUnderway && this.#context!.isEventStream)) return this.stop();
    this.#encoder.isLast = true;
    this.#awaitHandler();
    this.#context!.leave(clientLeft());
  }

  #refuse(fault: Fault): void {
    // The response that has begun or was given says all that can be said, or can only break.
    if (this.#context?.isOpen === false) return this.stop();
    this.#writer.add(refusal(fault, this.#core.heads));
    this.#core.application.refused(fault, this.socket);
    this.#abandon(() => new Error(faults[fault].reason), faults[fault].status);
    this.stop();
  }

  #startClock(now: number): void {
    if (!this.#writer.isAllTaken) return;
    const time = this.#request === DISCARDING ? LINGER_MS : this.#core.settings.idleTimeout;
    this.#deadline = time === 0 ? NEVER : now + time;
  }

  #expire(): void {
    switch (this.#request) {
      case IDLE:
        return this.stop();
      case HEAD:
      case BODY:
        return this.#refuse('READ_TIMEOUT');
      case FULL:
      case DONE:
      case ENDED:
        return this.#refuse('HANDLER_TIMEOUT');
      default:
        this.socket.destroy();
    }
  }

  #abandon(reason: () => Error, status?: number): void {
    const context = this.#context;
    if (context === undefined) return;
    this.#context = undefined;
    this.#settle(status);
    if (context.isOpen || context.isUnderway) context.abandon(reason());
  }

  /**
   * Counts the request as over, once, and its body's memory as free.
   *
   * @param status the status of the response, if there was one
   */
  #settle(status?: number): void {
    this.#receiver?.free();
    const ordinal = this.#ordinal;
    if (ordinal === 0) return;
    this.#ordinal = 0;
    this.#core.traffic.end(ordinal, this.#startedAt, this.socket, status);
  }

  #releaseParser(): void {
    if (this.#parser === undefined) return;
    this.#core.giveParser(this.#parser);
    this.#parser = undefined;
  }

  #awaitHandler(): void {
    this.#wait(this.#core.settings.handlerTimeout);
  }

  #wait(time: number): void {
    this.#deadline = time === 0 ? NEVER : this.#core.now + time;
  }
}

/** The waiting functions of all connections that have none. */
const NONE: Array<() => void> = [];

/** Returns the limit of a setting, whose 0 is no limit. */
function limitOf(setting: number): number {
  return setting === 0 ? Infinity : setting;
}
