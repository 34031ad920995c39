import type { Socket } from 'node:net';
import { Backlog } from './backlog.ts';
import { Context, type Content, type Exchange, type Hijacked } from './context.ts';
import { clientLeft } from './errors.ts';
import { faults, type Fault } from './faults.ts';
import { FieldSection } from './field-section.ts';
import type { Host } from './host.ts';
import type { Parser } from './parser.ts';
import { DATA, END, FAILED, HEAD, NEED } from './parser-events.ts';
import { refusal } from './refusal.ts';
import { Reply } from './reply.ts';
import { RequestHead } from './request-head.ts';
import type { Source } from './source.ts';
import { Upload } from './upload.ts';
import { Writer } from './writer.ts';

// The life of a connection.
const SERVING = 0;
/** The last response is written. What still comes is thrown away, so that no reset overtakes it: RFC 9112, 9.6. */
const LINGERING = 1;
/** Closed, or another's. */
const GONE = 2;

// What a connection waits for, each with its time.
const FOR_REQUEST = 0;
const FOR_REST = 1;
const FOR_HANDLER = 2;
const FOR_CLOSE = 3;

/** How long a client may go on sending after the last response, ms. */
const LINGER = 2000;

const NOTHING = Buffer.alloc(0);

/** The global is looked up at each use, which costs 6 ns of the 41 that a reading takes. */
const clock = performance;

/**
 * One connection: reads requests one after the other, and writes their responses in turn.
 *
 * Owns the socket until it is hijacked; the socket's `destroy` closes it. It has a parser while a message is being read,
 * and none while it is idle.
 */
export class Connection implements Exchange {
  readonly socket: Socket;
  readonly #host: Host;
  readonly #source: Source;
  readonly #writer: Writer;
  readonly #reply: Reply;
  readonly #since: number;
  #life = SERVING;
  #requests = 0;

  #parser: Parser | undefined;
  /** In `receive`, at whose end all is written at once: the bytes that are being read. */
  #bytes: Buffer | undefined;
  #end = 0;
  readonly #backlog: Backlog;

  /** The request that is being received or answered. */
  #context: Context | undefined;
  #upload: Upload | undefined;
  #isReceived = false;
  #isAnswered = false;
  #isCounted = false;
  /** Which of all requests it is. */
  #ordinal = 0;
  /** When its handler was called, if anybody wants to know. */
  #startedAt = 0;

  #waitsFor = FOR_REQUEST;
  #deadline = 0;
  #drained: Array<() => void> = NONE;

  constructor(socket: Socket, source: Source, host: Host) {
    this.socket = socket;
    this.#source = source;
    this.#backlog = new Backlog(source);
    this.#host = host;
    this.#since = host.now;
    this.#writer = new Writer(socket, () => this.#onDrained());
    this.#reply = new Reply(host, this.#writer);
    this.#wait(FOR_REQUEST, host.settings.idleTimeout);
  }

  /** Whether nothing has come that is not answered, and all answers are taken. */
  get isIdle(): boolean {
    const isQuiet = this.#context === undefined && this.#parser === undefined && this.#backlog.isEmpty;
    return isQuiet && this.#life === SERVING && this.socket.writableLength === 0;
  }

  /** The hot path. @returns false when no more should be read until the source is told to resume. */
  receive(bytes: Buffer, end: number): boolean {
    if (this.#life !== SERVING) return true;
    if (this.#mustWait) this.#backlog.add(bytes, 0, end);
    else {
      this.#bytes = bytes;
      this.#end = end;
      this.#advance(bytes, end);
      this.#bytes = undefined;
      this.#writer.flush();
    }
    return !this.#backlog.isPaused;
  }

  /** The client is not going to send more. */
  ended(): void {
    if (this.#life !== SERVING) return;
    this.#reply.isLast = true;
    if (this.#context !== undefined && this.#isReceived) return this.#context.leave(clientLeft());
    this.shut();
  }

  /** The socket has closed. */
  closed(): void {
    this.#host.remove(this);
    if (this.#life === GONE) return;
    this.#life = GONE;
    this.#abandon(clientLeft);
    this.#releaseParser();
    this.#onDrained();
  }

  /** @param now by the host's clock, about once a second. */
  check(now: number): void {
    if (this.#life === GONE) return;
    if (this.#writer.isStalled(now, this.#host.settings.writeTimeout)) this.socket.destroy();
    else if (this.#deadline !== 0 && now >= this.#deadline) this.#expire();
  }

  /** Nothing more is answered, and nothing more is read but to be thrown away. */
  shut(): void {
    if (this.#life !== SERVING) return;
    this.#writer.flush();
    this.#life = LINGERING;
    this.#abandon(clientLeft);
    this.#backlog.take();
    this.#releaseParser();
    this.socket.end();
    this.#wait(FOR_CLOSE, LINGER);
    this.#backlog.resume();
  }

  answer(context: Context, content: Content): void {
    if (this.#isTooMuch) this.#reply.isLast = true;
    this.#reply.answer(context, content);
    this.#complete();
  }

  begin(context: Context): void {
    if (this.#isTooMuch && !this.#upload!.body.isTaken) this.#reply.isLast = true;
    this.#reply.begin(context);
    if (this.#isReceived) this.#deadline = 0;
  }

  write(content: Content): boolean {
    if (this.#life === SERVING) this.#reply.write(content);
    if (this.#bytes === undefined) this.#writer.flush();
    return !this.#writer.isBlocked;
  }

  finish(trailers: string): void {
    const isWhole = this.#reply.finish(trailers);
    this.#complete();
    if (!isWhole) this.socket.destroy();
  }

  drained(): Promise<void> {
    if (!this.#writer.isBlocked || this.#life === GONE) return Promise.resolve();
    if (this.#drained === NONE) this.#drained = [];
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  inform(status: string): void {
    this.#writer.add(status);
    if (this.#bytes === undefined) this.#writer.flush();
  }

  hijack(): Hijacked {
    this.#writer.flush();
    const head = this.#bytes === undefined ? (this.#backlog.take() ?? NOTHING) : this.#rest();
    this.#settle();
    this.#life = GONE;
    this.#context = undefined;
    this.#releaseParser();
    this.#host.left(this);
    this.#source.release();
    return { socket: this.socket, head };
  }

  get #mustWait(): boolean {
    if (this.#writer.isBlocked) return true;
    return this.#context !== undefined && (this.#isReceived || this.#isBodyFull);
  }

  /** Of a streamed body: the handler is slower than the client. */
  get #isBodyFull(): boolean {
    return this.#isCounted && !this.#isAnswered && this.#upload?.isFull === true;
  }

  /** What is to come of the body would not be waited for after the response: then that says so. */
  get #isTooMuch(): boolean {
    return !this.#isReceived && this.#upload?.isShort === false;
  }

  get #isDue(): boolean {
    const { disableKeepalive, maxRequestsPerConn, maxKeepaliveDuration } = this.#host.settings;
    if (disableKeepalive || this.#host.isClosing) return true;
    if (maxRequestsPerConn !== 0 && this.#requests >= maxRequestsPerConn) return true;
    if (maxKeepaliveDuration !== 0 && this.#host.now - this.#since >= maxKeepaliveDuration) return true;
    return this.#host.toDismiss > 0 && this.#host.toDismiss-- > 0;
  }

  #advance(bytes: Buffer, end: number): void {
    const parser = (this.#parser ??= this.#host.takeParser());
    for (let at = 0; ; at = parser.at) {
      switch (parser.next(bytes, at, end)) {
        case NEED:
          return this.#ranOut(parser);
        case HEAD:
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
      if (this.#life !== SERVING) return;
      if (this.#mustWait) return this.#backlog.add(bytes, parser.at, end);
    }
  }

  #ranOut(parser: Parser): void {
    if (parser.isFresh) this.#releaseParser();
    else if (this.#waitsFor === FOR_REQUEST) this.#wait(FOR_REST, this.#host.settings.readTimeout);
  }

  #begin(parser: Parser): void {
    this.#requests++;
    this.#host.connState?.(this.socket, 'active');
    this.#isReceived = this.#isAnswered = this.#isCounted = false;
    this.#reply.start(parser.head.method, parser.head.minor, !parser.keepsAlive || this.#isDue);
    const fault = this.#host.judge(parser.head);
    if (fault !== undefined) return this.#refuse(fault);
    const head = new RequestHead(parser.head);
    if (parser.head.framing.contentLength !== 0) return this.#beginBody(parser, head);
    const context = (this.#context = new Context(head, this, undefined));
    if (parser.head.method === 'CONNECT') {
      if (!this.#host.upgrade(context, true)) this.#refuse('NO_TUNNEL');
    } else if (parser.head.framing.upgrades) this.#host.upgrade(context, false);
  }

  #beginBody(parser: Parser, head: RequestHead): void {
    const upload = (this.#upload = new Upload(this.#host, head, () => this.#onTaken()));
    const context = (this.#context = new Context(head, this, upload.body));
    const { contentLength, expectsContinue } = parser.head.framing;
    if (!expectsContinue) upload.expect(contentLength);
    const limits = this.#host.headerReceived(context);
    upload.limit = limitOf(limits?.maxRequestBodySize ?? this.#host.settings.maxRequestBodySize);
    this.#wait(FOR_REST, limits?.readTimeout ?? this.#host.settings.readTimeout);
    // By `headerReceived`: the body is skipped, or the connection has closed.
    if (context.isAnswered) return;
    if (contentLength > upload.limit) return this.#refuse('BODY_TOO_LARGE');
    if (expectsContinue) {
      if (!this.#host.continues(context)) return this.#refuse('BAD_EXPECT');
      this.#writer.add('HTTP/1.1 100 Continue\r\n\r\n');
      upload.expect(contentLength);
    }
    if (this.#host.settings.streamRequestBody) this.#run(context);
  }

  #gather(parser: Parser, bytes: Buffer): void {
    const { from, to } = parser;
    const upload = this.#upload!;
    if (this.#isAnswered) {
      if (!upload.skip(to - from)) this.shut();
      return;
    }
    const fault = upload.take(bytes, from, to, parser.head.framing.contentLength);
    if (fault !== undefined) this.#refuse(fault);
  }

  #received(parser: Parser): void {
    this.#isReceived = true;
    this.#upload?.body.complete(parser.hasTrailers ? FieldSection.of(parser.head) : undefined);
    const context = this.#context!;
    if (this.#isAnswered) this.#next();
    else if (!this.#isCounted) this.#run(context);
    else if (context.isOpen) this.#wait(FOR_HANDLER, this.#host.settings.handlerTimeout);
    else this.#deadline = 0;
  }

  #run(context: Context): void {
    this.#isCounted = true;
    this.#ordinal = ++this.#host.started;
    if (this.#host.onAnswered !== undefined) this.#startedAt = clock.now();
    this.#host.handle(context);
    if (context.isAnswered || this.#life !== SERVING) return;
    if (this.#isReceived && context.isOpen) this.#wait(FOR_HANDLER, this.#host.settings.handlerTimeout);
  }

  /** The response is given. */
  #complete(): void {
    this.#isAnswered = true;
    this.#settle(this.#context?.statusCode);
    if (!this.#isReceived) this.#upload?.body.fail(new Error('the request has been answered'));
    if (this.#isReceived) this.#next();
    // What follows of the body is not worth the wait, or cannot be told from the next request.
    else if (this.#reply.isLast) this.shut();
    if (this.#bytes === undefined) this.#goOn();
  }

  #next(): void {
    this.#context = this.#upload = undefined;
    if (this.#reply.isLast) return this.shut();
    this.#host.connState?.(this.socket, 'idle');
    this.#wait(FOR_REQUEST, this.#host.settings.idleTimeout);
  }

  /** Outside of `receive`: writes, and reads what was held meanwhile. */
  #goOn(): void {
    this.#writer.flush();
    if (this.#life !== SERVING || this.#mustWait) return;
    if (!this.#backlog.isEmpty) this.#backlog.replay(this);
    else if (this.#parser?.isFresh === true && this.#context === undefined) this.#releaseParser();
    if (this.#backlog.isPaused && this.#life === SERVING && !this.#mustWait) this.#backlog.resume();
  }

  #rest(): Buffer {
    return Buffer.from(this.#bytes!.subarray(this.#parser!.at, this.#end));
  }

  /** Of a body: there is room again. */
  #onTaken(): void {
    if (this.#bytes === undefined) this.#goOn();
  }

  #onDrained(): void {
    const waiting = this.#drained;
    this.#drained = NONE;
    for (const resolve of waiting) resolve();
    if (this.#life === SERVING) this.#goOn();
  }

  #refuse(fault: Fault): void {
    if (this.#context !== undefined && !this.#context.isOpen) {
      this.socket.destroy();
      return;
    }
    this.#writer.add(refusal(fault, this.#host.heads));
    this.#host.refused(fault, this.socket);
    this.#abandon(() => new Error(faults[fault].reason), faults[fault].status);
    this.shut();
  }

  #expire(): void {
    switch (this.#waitsFor) {
      case FOR_REQUEST:
        return this.shut();
      case FOR_REST:
        // It is the handler that does not take what comes.
        if (this.#isBodyFull) return this.#wait(FOR_HANDLER, this.#host.settings.handlerTimeout);
        return this.#refuse('READ_TIMEOUT');
      case FOR_HANDLER:
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
    if (!context.isAnswered) context.abandon(reason());
  }

  /**
   * The request counts as over, once, and its body's memory as free.
   *
   * @param status with which it was answered
   */
  #settle(status?: number): void {
    this.#upload?.free();
    if (!this.#isCounted) return;
    this.#isCounted = false;
    this.#host.finished++;
    if (status === undefined || this.#host.onAnswered === undefined) return;
    const alone = this.#ordinal === this.#host.started ? this.socket : undefined;
    this.#host.onAnswered(status, clock.now() - this.#startedAt, alone);
  }

  #releaseParser(): void {
    if (this.#parser === undefined) return;
    this.#host.giveParser(this.#parser);
    this.#parser = undefined;
  }

  #wait(what: number, time: number): void {
    this.#waitsFor = what;
    this.#deadline = time === 0 ? 0 : this.#host.now + time;
  }
}

/** Shared by all that have none. */
const NONE: Array<() => void> = [];

/** 0 is none. */
function limitOf(setting: number): number {
  return setting === 0 ? Infinity : setting;
}
