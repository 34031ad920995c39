import type { Socket } from 'node:net';
import type { Sendable } from '../message/content.ts';
import { Context } from '../message/context.ts';
import type { Forwarded } from '../message/forwarded.ts';
import { clientLeft } from '../protocol/errors.ts';
import { refusals, type Refusal } from '../protocol/refusals.ts';
import { FieldSection } from '../protocol/field-section.ts';
import type { Parser } from '../protocol/parser.ts';
import { CurrentRequest } from './current-request.ts';
import { Deadline } from './deadline.ts';
import { Incoming, type IncomingEvents } from './incoming.ts';
import { refusalText } from './refusal-text.ts';
import { RequestBodyReceiver } from './request-body-receiver.ts';
import { RequestHead } from '../message/request-head.ts';
import { isOfUnixSocket, reset } from '../node-internals/index.ts';
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

const NOTHING = Buffer.alloc(0);

/**
 * A connection: reads requests one after the other, and writes their responses in turn. transitions.ts says what may
 * happen when; here is what is done then. What the client sends comes from {@link Incoming}. What the handler does comes from
 * the context, by the functions of {@link ResponseSink}.
 *
 * Owns the socket until it is hijacked. The socket's `destroy` closes it.
 */
export class Connection implements ResponseSink, IncomingEvents {
  readonly socket: Socket;
  readonly isOfUnixSocket: boolean;
  readonly #core: ServerCore;
  readonly #source: Source;
  readonly #incoming: Incoming;
  readonly #writer: Writer;
  readonly #encoder: ResponseEncoder;
  readonly #current: CurrentRequest;
  readonly #deadline: Deadline;
  readonly #since: number;
  /** A state of the request side. The context has the state of the response side. */
  #request: number = IDLE;
  #requests = 0;
  /** The value is Infinity until the body is known to come in pieces: most come whole, with their head. */
  #bodySince = Infinity;
  /** The rest of the readTimeout while a body is full, ms; 0 for no limit. */
  #readTime = 0;

  constructor(socket: Socket, source: Source, core: ServerCore) {
    this.socket = socket;
    this.#source = source;
    this.#core = core;
    this.isOfUnixSocket = core.forwarded !== undefined && isOfUnixSocket(socket);
    // Node remembers the address. When the client has reset the connection, the kernel does not know it any more.
    if (core.forwarded !== undefined) void socket.remoteAddress;
    this.#since = core.now;
    this.#incoming = new Incoming(core, source, this);
    this.#current = new CurrentRequest(core, socket);
    this.#deadline = new Deadline(core);
    this.#writer = new Writer(socket, source.handle, () => this.#goOn());
    this.#encoder = new ResponseEncoder(core, this.#writer);
  }

  /** Reads from now on. */
  start(): void {
    this.#source.start(this.#incoming);
  }

  get forwarded(): Forwarded | undefined {
    return this.#core.forwarded;
  }

  /** Whether all that has come is answered, and all answers are taken. */
  get isIdle(): boolean {
    return this.#request === IDLE && this.#incoming.isEmpty && this.#writer.isAllTaken;
  }

  /** Whether another process could serve it. */
  get rest(): Rest {
    if (!this.#source.isNative || this.#request >= ENDED || isPinned(this.socket)) return 'never';
    const { socket } = this;
    if (socket.destroyed || !socket.readable || !socket.writable) return 'never';
    // The application waits for bytes that it will not get here, and not there either.
    if (socket.listenerCount('data') + socket.listenerCount('readable') > 0) return 'never';
    return this.isIdle && !this.#incoming.isPaused ? 'free' : 'busy';
  }

  /** The part of a request that is waited for. A body that waits for its handler is none. */
  get part(): 'head' | 'body' | undefined {
    if (this.#request === HEAD) return 'head';
    return this.#request === BODY ? 'body' : undefined;
  }

  /** When the body that is waited for was first seen not to be whole; undefined once its request is answered. */
  get bodySince(): number | undefined {
    return this.#current.context?.isAnswered === true ? undefined : this.#bodySince;
  }

  get isOver(): boolean {
    return this.#request >= DISCARDING;
  }

  get mustWait(): boolean {
    return this.#request >= FULL || this.#writer.isBlocked;
  }

  /** Notes that the client is not going to send more. */
  ended(): void {
    if (this.isOver) return;
    this.#incoming.noteEnd();
    if (this.#incoming.isEnded) this.#onEof();
  }

  /** Notes that the socket has closed. */
  closed(): void {
    this.#core.remove(this);
    if (this.#request === CLOSED) return;
    this.#request = requestSide.next(this.#request, ON_CLOSE);
    this.#current.abandon(clientLeft);
    this.#incoming.release();
    this.#writer.closed();
  }

  /** Checks the deadlines, about twice a second. @param now the time by the server's clock. */
  check(now: number): void {
    if (this.#request === CLOSED) return;
    if (this.#writer.isStalled(now, this.#core.settings.writeTimeout)) return this.cut();
    if (this.#deadline.isAfterLastByte) this.#startClock();
    else if (this.#deadline.isOver(now)) this.#expire();
  }

  /** Stops: nothing more is answered, and what is still read is thrown away. It may be called again. */
  stop(): void {
    if (this.isOver) return;
    this.#request = requestSide.next(this.#request, ON_STOP);
    this.#writer.flush();
    const looksWhole = this.#current.context?.isUnderway === true && this.#encoder.endsWithConnection;
    this.#current.abandon(clientLeft);
    this.#incoming.drop();
    if (looksWhole) return reset(this.socket);
    this.socket.end();
    this.#deadline.setAfterLastByte();
    this.#incoming.resume();
  }

  /** Ends it when all that has come is answered. An answer that is not taken yet is sent to its end. */
  leave(): void {
    if (this.#request === IDLE && this.#incoming.isEmpty) this.stop();
  }

  /** Notes that the server does not leave after all. */
  stay(): void {
    this.#incoming.stay();
  }

  /** Closes at once. A response on its way does not look as if it were whole. */
  cut(): void {
    if (this.#current.context?.isUnderway === true || !this.#writer.isAllTaken) reset(this.socket);
    else this.socket.destroy();
  }

  answer(head: ResponseHead, content: Sendable): void {
    if (this.#isTooMuch() || this.#isLeaving()) this.#encoder.isLast = true;
    this.#encoder.answer(head, content);
    this.#complete();
  }

  begin(head: ResponseHead): void {
    if ((this.#isTooMuch() && !this.#current.receiver!.body.isTaken) || this.#isLeaving()) this.#encoder.isLast = true;
    this.#encoder.begin(head);
    if (this.#request === DONE) this.#deadline.clear();
    else if (this.#request === ENDED) this.#awaitHandler();
  }

  write(content: Sendable): boolean {
    this.#encoder.write(content);
    if (this.#request === ENDED) this.#awaitHandler();
    if (!this.#incoming.isReading) this.#writer.flush();
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
    return this.#request === CLOSED ? Promise.resolve() : this.#writer.drained();
  }

  inform(head: string): void {
    this.#writer.add(head);
    if (!this.#incoming.isReading) this.#writer.flush();
  }

  hijack(): Hijacked {
    this.#writer.flush();
    const head = this.#incoming.take() ?? NOTHING;
    this.#request = requestSide.next(this.#request, ON_CLOSE);
    this.#current.end(0);
    this.#current.clear();
    this.#incoming.release();
    this.#core.left(this);
    this.#source.release();
    return { socket: this.socket, head };
  }

  /** Whether the rest of the body would not be waited for after the response. The response then says so. */
  #isTooMuch(): boolean {
    return this.#request <= FULL && this.#current.receiver?.isShort === false;
  }

  /**
   * Whether the server leaves, and no request is to be answered behind this one. That is told as late as it can be, when the head of the
   * response is written.
   */
  #isLeaving(): boolean {
    return this.#core.leaving.saysClose(this) && !this.#incoming.isFollowed();
  }

  #isDue(): boolean {
    const { disableKeepalive, maxRequestsPerConn, maxKeepaliveDuration } = this.#core.settings;
    if (disableKeepalive) return true;
    if (maxRequestsPerConn !== 0 && this.#requests >= maxRequestsPerConn) return true;
    return maxKeepaliveDuration !== 0 && this.#core.now - this.#since >= maxKeepaliveDuration;
  }

  ranOut(): void {
    if (this.#request === BODY && this.#bodySince === Infinity) this.#bodySince = performance.now();
    if (this.#request !== IDLE) return;
    this.#request = requestSide.next(IDLE, ON_BYTES);
    this.#deadline.set(this.#core.settings.readTimeout);
  }

  flush(): void {
    this.#writer.flush();
  }

  gotHead(parser: Parser): void {
    this.#requests++;
    this.#core.application.connState?.(this.socket, 'active');
    if (parser.head.framing.authenticates) pin(this.socket);
    const cameInPieces = this.#request === HEAD;
    this.#request = requestSide.next(this.#request, ON_HEAD);
    this.#encoder.start(parser.head.method, parser.head.minor, !parser.keepsAlive || this.#isDue());
    const refusal = this.#core.judge(parser.head);
    if (refusal !== undefined) return this.refuse(refusal);
    const head = new RequestHead(parser.head);
    if (parser.head.framing.contentLength !== 0) return this.#beginBody(parser, head, cameInPieces);
    const context = new Context(head, this, undefined);
    this.#current.begin(context);
    if (parser.head.method === 'CONNECT') {
      if (!this.#core.application.upgrade(context, true)) this.refuse('NO_TUNNEL');
    } else if (parser.head.framing.upgrades) this.#core.application.upgrade(context, false);
  }

  /** @param cameInPieces true when the head came in pieces. The readTimeout goes on from the first of them then. */
  #beginBody(parser: Parser, head: RequestHead, cameInPieces: boolean): void {
    const receiver = new RequestBodyReceiver(this.#core, head, () => this.#onTaken());
    this.#bodySince = Infinity;
    const context = new Context(head, this, receiver.body);
    this.#current.begin(context, receiver);
    const { contentLength, expectsContinue } = parser.head.framing;
    if (!expectsContinue) receiver.expect(contentLength);
    receiver.limit = limitOf(this.#core.settings.maxRequestBodySize);
    if (!cameInPieces) this.#deadline.set(this.#core.settings.readTimeout);
    try {
      this.#judgeBody(parser, context, receiver);
    } catch (error) {
      // A hook has thrown, and stands for the handler then.
      if (context.isOpen) this.#current.count();
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
    if (limits?.readTimeout !== undefined) this.#deadline.change(this.#core.settings.readTimeout, limits.readTimeout);
    const { contentLength, expectsContinue } = parser.head.framing;
    if (contentLength > receiver.limit) return this.refuse('BODY_TOO_LARGE');
    if (!expectsContinue) return;
    if (!this.#core.application.continues(context)) return this.refuse('BAD_EXPECT');
    this.#writer.add('HTTP/1.1 100 Continue\r\n\r\n');
    receiver.expect(contentLength);
  }

  gotData(parser: Parser, bytes: Buffer): void {
    const { from, to } = parser;
    const receiver = this.#current.receiver!;
    if (this.#current.context!.isAnswered) {
      if (!receiver.skip(to - from)) this.stop();
      return;
    }
    const refusal = receiver.take(bytes, from, to, parser.head.framing.contentLength);
    if (refusal !== undefined) this.refuse(refusal);
    // The end of a body whose length is known takes no more bytes, so nothing that comes later would bring it.
    else if (this.#current.isGiven && receiver.isFull && parser.left !== 0) this.#onFull();
  }

  /** Waits for the handler, which is now slower than the client. */
  #onFull(): void {
    this.#request = requestSide.next(this.#request, ON_FULL);
    this.#readTime = this.#deadline.left;
    this.#awaitHandler();
  }

  /** Goes on reading: there is room again. */
  #onTaken(): void {
    if (this.#request !== FULL) return;
    this.#request = requestSide.next(FULL, ON_TAKEN);
    this.#deadline.set(this.#readTime);
    if (!this.#incoming.isReading) this.#goOn();
  }

  gotEnd(parser: Parser): void {
    this.#request = requestSide.next(this.#request, ON_END);
    this.#current.receiver?.body.complete(parser.hasTrailers ? FieldSection.of(parser.head) : undefined);
    const context = this.#current.context!;
    if (context.isOpen) {
      if (!this.#current.isGiven) this.#run(context);
      else this.#awaitHandler();
    } else if (context.isUnderway) this.#deadline.clear();
    else this.#next();
  }

  #run(context: Context): void {
    this.#current.count();
    this.#core.application.handle(context);
    if (this.#request === DONE && context.isOpen) this.#awaitHandler();
  }

  /** Goes on after the response is given. */
  #complete(): void {
    this.#current.end(this.#current.context!.statusCode);
    if (this.#request === FULL) this.#request = requestSide.next(FULL, ON_TAKEN);
    if (this.#request !== BODY) this.#next();
    else {
      this.#current.receiver?.body.fail(new Error('the request has been answered'));
      // The rest of the body is not worth the wait, or cannot be told from the next request.
      if (this.#encoder.isLast) this.stop();
    }
    if (!this.#incoming.isReading) this.#goOn();
  }

  #next(): void {
    this.#current.clear();
    // A response that was begun before the server closes does not say so, and is the last one all the same.
    if (this.#encoder.isLast || (this.#core.leaving.isClosing && !this.#incoming.isFollowed())) return this.stop();
    this.#request = requestSide.next(this.#request, ON_NEXT);
    this.#core.application.connState?.(this.socket, 'idle');
    this.#core.leaving.free(this.socket);
    this.#deadline.setAfterLastByte();
  }

  /** Writes, and reads what was held meanwhile. It is called outside of `receive`. */
  #goOn(): void {
    this.#writer.flush();
    if (this.isOver || this.mustWait) return;
    this.#incoming.replay();
    if (this.isOver || this.mustWait) return;
    if (this.#incoming.isEnded) this.#onEof();
    else if (this.#incoming.isPaused) this.#incoming.resume();
  }

  /** Handles the client's FIN, after all that it sent before has been read. */
  #onEof(): void {
    const isWhole = this.#request === DONE;
    this.#request = requestSide.next(this.#request, ON_EOF);
    // An open event stream never ends by itself, so the connection stops now. Other responses may finish.
    if (!isWhole || (this.#current.context!.isUnderway && this.#current.context!.isEventStream)) return this.stop();
    this.#encoder.isLast = true;
    // Before the response begins handlerTimeout runs already, and a client does not prolong it.
    if (this.#current.context!.isUnderway) this.#awaitHandler();
    this.#current.context!.leave(clientLeft());
  }

  refuse(refusal: Refusal): void {
    // The response that has begun or was given says all that can be said, or can only break.
    if (this.#current.context?.isOpen === false) return this.stop();
    this.#writer.add(refusalText(refusal, this.#core.heads));
    this.#core.application.refused(refusal, this.socket);
    this.#current.abandon(() => new Error(refusals[refusal].reason), refusals[refusal].status);
    this.stop();
  }

  #startClock(): void {
    if (!this.#writer.isAllTaken) return;
    this.#deadline.set(this.#request === DISCARDING ? LINGER_MS : this.#idleTime());
  }

  /** How long the connection may do nothing, ms; 0 for no limit. A server that closes waits no longer for one that has just come. */
  #idleTime(): number {
    const { idleTimeout } = this.#core.settings;
    return this.#core.leaving.isClosing ? Math.min(limitOf(idleTimeout), LINGER_MS) : idleTimeout;
  }

  #expire(): void {
    switch (this.#request) {
      case IDLE:
        return this.stop();
      case HEAD:
      case BODY:
        return this.refuse('READ_TIMEOUT');
      case FULL:
      case DONE:
      case ENDED:
        return this.refuse('HANDLER_TIMEOUT');
      default:
        this.socket.destroy();
    }
  }

  #awaitHandler(): void {
    this.#deadline.set(this.#core.settings.handlerTimeout);
  }
}

/** Returns the limit of a setting, whose 0 is no limit. */
function limitOf(setting: number): number {
  return setting === 0 ? Infinity : setting;
}
