import type { Socket } from 'node:net';
import { Body } from './body.ts';
import { parseCookies } from './cookies.ts';
import { MisuseError } from './errors.ts';
import { fieldLine, fieldText, type FieldValue } from './field-line.ts';
import { Fields } from './fields.ts';
import type { FileOptions } from './file.ts';
import type { RequestHead } from './request-head.ts';
import { ResponseFields } from './response-fields.ts';
import { isEmpty } from './status.ts';

/** What can be the content of a response. */
export type Content = string | Uint8Array;

/** What a context asks of its connection. */
export interface Exchange {
  readonly socket: Socket;
  answer(context: Context, content: Content): void;
  begin(context: Context): void;
  write(content: Content): boolean;
  drained(): Promise<void>;
  finish(trailers: string): void;
  /** Sends what comes before the response. */
  inform(head: string): void;
  hijack(): Hijacked;
}

/** A connection that is no longer the server's. */
export interface Hijacked {
  readonly socket: Socket;
  /** What was received after the request. */
  readonly head: Buffer;
}

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

// How far the response is.
const OPEN = 0;
const STREAMING = 1;
const ANSWERED = 2;

/**
 * A request and its response, as `RequestCtx` is fasthttp's. What nobody asks for is not parsed. It stays valid as long
 * as it is held, also when it is answered.
 */
export class Context {
  /** In capitals, such as `GET`. */
  readonly method: string;
  /** Whether the request has a body. */
  readonly hasBody: boolean;
  readonly #head: RequestHead;
  readonly #exchange: Exchange;
  #body: Body | undefined;
  #headers: Fields | undefined;
  #query: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #values: Map<unknown, unknown> | undefined;
  #abort: AbortController | undefined;
  #fields: ResponseFields | undefined;
  #type: string | undefined;
  #status = 200;
  #state = OPEN;

  constructor(head: RequestHead, exchange: Exchange, body: Body | undefined) {
    this.method = head.method;
    this.#head = head;
    this.#exchange = exchange;
    this.#body = body;
    this.hasBody = body !== undefined;
  }

  /** The target of the request as it was sent, such as `/users?page=2`. */
  get url(): string {
    return this.#head.url;
  }

  /** Without the query, as it was sent: `%2F` stays `%2F`. */
  get path(): string {
    return this.#head.target.path;
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.#head.target.query));
  }

  /** `HTTP/1.1` has 1, `HTTP/1.0` has 0. */
  get minorVersion(): number {
    return this.#head.minor;
  }

  get headers(): Fields {
    return (this.#headers ??= new Fields(this.#head.section));
  }

  /** The host that the client asks for, with its port; '' in HTTP/1.0, when it says none. */
  get host(): string {
    return this.#head.target.host ?? this.headers.get('host') ?? '';
  }

  get cookies(): ReadonlyMap<string, string> {
    return (this.#cookies ??= parseCookies(this.headers.get('cookie') ?? ''));
  }

  get body(): Body {
    if (this.#body === undefined) {
      this.#body = new Body(this.#head);
      this.#body.complete();
    }
    return this.#body;
  }

  /** The fields after a body of chunks, once the whole of it has come. They never replace those of the head. */
  get trailers(): Fields {
    return this.body.trailers;
  }

  /** Whatever the application keeps with a request; fasthttp's `UserValue`. */
  get values(): Map<unknown, unknown> {
    return (this.#values ??= new Map());
  }

  /** The client's; undefined when it comes by a Unix socket. */
  get remoteAddress(): string | undefined {
    return this.#exchange.socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#exchange.socket.remotePort;
  }

  get socket(): Socket {
    return this.#exchange.socket;
  }

  /**
   * Aborts when the client leaves before the response is complete. One that only says that it sends no more, as most do
   * that leave, is taken for such; what is answered all the same is sent.
   */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** The response's, with `status(code)` to set it. */
  get statusCode(): number {
    return this.#status;
  }

  /** Whether `end` or `json` or another answer has been given. */
  get isAnswered(): boolean {
    return this.#state === ANSWERED;
  }

  /** Whether nothing of a response has been sent, so that status and fields may still be set. */
  get isOpen(): boolean {
    return this.#state === OPEN;
  }

  /** What the handler has set. */
  get fields(): ResponseFields | undefined {
    return this.#fields;
  }

  /** @param code 200 to 599. @default 200 @param reason in place of the registered words; clients ignore it */
  status(code: number, reason: string = ''): this {
    this.#expectOpen('status');
    if (!Number.isInteger(code) || code < 200 || code > 599) {
      throw new MisuseError('ERR_HTTP_FIELD', `a status is a number from 200 to 599, got ${code}`);
    }
    this.#status = code;
    if (reason !== '' || this.#fields !== undefined) (this.#fields ??= new ResponseFields()).setReason(reason);
    return this;
  }

  /**
   * Sets a field of the response, in place of any before. Of a list each value is a field.
   *
   * @throws MisuseError when it would inject something
   */
  header(name: string, value: FieldValue): this {
    this.#expectOpen('header');
    (this.#fields ??= new ResponseFields()).set(name, value);
    return this;
  }

  /** Adds a field, beside those of the same name: `Set-Cookie`, `Link`. */
  append(name: string, value: FieldValue): this {
    this.#expectOpen('append');
    (this.#fields ??= new ResponseFields()).add(name, value);
    return this;
  }

  type(contentType: string): this {
    return this.header('Content-Type', contentType);
  }

  /** What `Content-Type` is when the handler sets none; '' for none. @throws MisuseError when it would inject something */
  defaultType(contentType: string): this {
    this.#type = fieldText('Content-Type', contentType);
    return this;
  }

  /** The type of content that is sent when the handler names none. */
  contentTypeOf(content: Content): string {
    if (isEmpty(this.#status)) return '';
    if (this.#type !== undefined) return this.#type;
    if (content.length === 0) return '';
    return typeof content === 'string' ? PLAIN : 'application/octet-stream';
  }

  /** Answers. A string is sent as UTF-8, and as text unless `Content-Type` says otherwise. */
  end(content: Content = ''): void {
    if (this.#state === STREAMING || this.#needsChunks) return this.#finish(content);
    this.#expectOpen('end');
    this.#state = ANSWERED;
    this.#exchange.answer(this, content);
  }

  /** Answers with JSON. */
  json(value: unknown): void {
    this.#expectOpen('json');
    this.defaultType(JSON_TYPE).end(JSON.stringify(value));
  }

  /** @param location checked like any field; characters above U+007F are encoded. @param code 302 unless given. */
  redirect(location: string, code: number = 302): void {
    this.status(code).header('Location', encodeLocation(location)).end();
  }

  /**
   * Answers with a file, ranges and conditional requests included. Needs the package `@fastify/send`.
   *
   * @param path within the root, percent-encoded: `ctx.path` or a part of it
   */
  async file(path: string, options: FileOptions): Promise<void> {
    const { sendFile } = await import('./file.ts');
    await sendFile(this, path, options);
  }

  /**
   * Sends a piece of the response, whose length need not be known: chunked, or until the connection closes in HTTP/1.0.
   *
   * @returns false when the client is slower: then `await ctx.drained()`, or memory holds what it does not take.
   */
  write(content: Content): boolean {
    if (this.#state === ANSWERED) this.#misuse('write');
    this.#begin();
    return this.#exchange.write(content);
  }

  /** Sends status and fields now, before there is any content: an `EventSource` waits for them. */
  flushHeaders(): void {
    if (this.#state === ANSWERED) this.#misuse('flushHeaders');
    this.#begin();
    this.#exchange.write('');
  }

  /** Settles when the client has taken what was written, or left. */
  drained(): Promise<void> {
    return this.#exchange.drained();
  }

  /** Sends all that a source gives, as fast as the client takes it. Node streams, web streams, generators. */
  async stream(source: AsyncIterable<Content> | Iterable<Content>): Promise<void> {
    this.#expectOpen('stream');
    const flushing = this.flushHeadersSoon();
    for await (const piece of source) {
      clearImmediate(flushing);
      if (this.isAnswered) return;
      if (!this.write(piece)) await this.drained();
    }
    clearImmediate(flushing);
    if (!this.isAnswered) this.end();
  }

  /** Before a source is asked: one that has something at once is sent together with the head. */
  flushHeadersSoon(): NodeJS.Immediate {
    return setImmediate(() => void (this.isAnswered || this.flushHeaders()));
  }

  /**
   * A field after the content, of which `Trailer` tells when it is given before: of the others `header('Trailer', names)` can
   * tell. The response has chunks then, whatever its length. Left out in HTTP/1.0 and where there is no content.
   *
   * @throws MisuseError ERR_HTTP_FIELD when it would inject something, or belongs into the head
   */
  trailer(name: string, value: string | number): this {
    if (this.#state === ANSWERED) this.#misuse('trailer');
    const fields = (this.#fields ??= new ResponseFields());
    if (this.#state === STREAMING && fields.contentLength !== undefined && fields.trailers === undefined) {
      throw new MisuseError(
        'ERR_HTTP_FIELD',
        `trailer(): the response has begun without chunks, by its Content-Length; before it call header('Trailer', '${name}')`,
      );
    }
    fields.addTrailer(name, value);
    return this;
  }

  /** 103: what the client may load meanwhile. Nothing in HTTP/1.0, which has no such responses. */
  earlyHints(fields: Readonly<Record<string, string | readonly string[]>>): void {
    this.#expectOpen('earlyHints');
    if (this.#head.minor === 0) return;
    const lines = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => fieldLine(name, one)));
    this.#exchange.inform(`HTTP/1.1 103 Early Hints\r\n${lines.join('')}\r\n`);
  }

  /** Takes the connection: nothing is answered, and socket and what follows the request are the caller's. */
  hijack(): Hijacked {
    this.#expectOpen('hijack');
    this.#state = ANSWERED;
    return this.#exchange.hijack();
  }

  /** By the connection: the client has left, or the server gave up waiting. */
  abandon(reason: Error): void {
    this.#state = ANSWERED;
    this.#body?.fail(reason);
    this.leave(reason);
  }

  /** By the connection: the client sends no more. Probably it has left; if not, it still gets its response. */
  leave(reason: Error): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** By the error handler: what the handler has set is forgotten. */
  reset(): void {
    this.#expectOpen('reset');
    this.#status = 200;
    this.#fields = undefined;
    this.#type = undefined;
  }

  #begin(): void {
    if (this.#state !== OPEN) return;
    this.#state = STREAMING;
    this.#exchange.begin(this);
  }

  /** What comes after the content needs them: RFC 9112, 7.1.2. */
  get #needsChunks(): boolean {
    return this.#state === OPEN && this.#fields?.trailers !== undefined && this.#head.minor === 1;
  }

  #finish(content: Content): void {
    this.write(content);
    this.#state = ANSWERED;
    this.#exchange.finish(this.#fields?.trailers?.lines ?? '');
  }

  #expectOpen(call: string): void {
    if (this.#state !== OPEN) this.#misuse(call);
  }

  #misuse(call: string): never {
    const when = this.#state === ANSWERED ? 'the response has been given' : 'the response has begun';
    throw new MisuseError('ERR_HTTP_ANSWERED', `${call}(): ${when}, or the client has left`);
  }
}

function encodeLocation(location: string): string {
  // Through UTF-8, in which half a surrogate pair, at which encodeURIComponent throws, becomes U+FFFD.
  return location.replaceAll(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(Buffer.from(text).toString()));
}
