import type { Socket } from 'node:net';
import { Body } from './body.ts';
import { sendable, type Content, type Sendable } from './content.ts';
import { parseCookies } from './cookies.ts';
import { HttpError, MisuseError } from '../protocol/errors.ts';
import { fieldLine, fieldText, type FieldValue } from '../protocol/field-line.ts';
import { Fields } from '../protocol/fields.ts';
import type { FileOptions } from './file.ts';
import { hasMorePairs, MOST_PAIRS } from './pairs.ts';
import { piecesOf, type Pieces, type PieceSource } from './pieces.ts';
import type { RequestHead } from './request-head.ts';
import { ResponseFields } from './response-fields.ts';
import type { Hijacked, ResponseHead, ResponseSink } from './response-sink.ts';
import { isEmpty } from '../protocol/status.ts';
import {
  ABANDONED,
  ANSWERED,
  ON_ABANDON,
  ON_ANSWER,
  ON_BEGIN,
  ON_FINISH,
  ON_HIJACK,
  ON_SEND,
  ON_SET,
  ON_TRAILER,
  ON_WRITE,
  OPEN,
  responseSide,
  SENDING,
  STREAMING,
  TAKEN,
} from '../protocol/transitions.ts';

const PLAIN = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

/**
 * The time that `drained` waits when its client has left. If it did not wait, a handler that writes without end would
 * never let go of the event loop.
 */
const ABANDONED_PAUSE_MS = 10;

/** The number of steps by which an error is followed to what has caused it. */
const MOST_CAUSES = 8;

/**
 * A request and its response, like fasthttp's `RequestCtx`. Parts that are not asked for are not parsed. It stays valid
 * as long as it is held, even after the answer.
 *
 * When the client has left, or the server has given up waiting (`isAbandoned`), the methods do nothing: a handler need
 * not look before it answers. `hijack` alone throws then. A second answer is an error of the handler, and throws a MisuseError.
 */
export class Context implements ResponseHead {
  /** The method in capitals, such as `GET`. */
  readonly method: string;
  /** Whether the request has a body. */
  readonly hasBody: boolean;
  readonly #head: RequestHead;
  readonly #sink: ResponseSink;
  #body: Body | undefined;
  #headers: Fields | undefined;
  #query: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;
  #values: Map<unknown, unknown> | undefined;
  #abort: AbortController | undefined;
  /** The reason why the client has left. */
  #reason: Error | undefined;
  /** Stops the source of a response that is being sent. */
  #onAbandoned: ((reason: Error) => void) | undefined;
  #fields: ResponseFields | undefined;
  #type: string | undefined;
  #status = 200;
  /** A state of the response side. */
  #state: number = OPEN;

  constructor(head: RequestHead, sink: ResponseSink, body: Body | undefined) {
    this.method = head.method;
    this.#head = head;
    this.#sink = sink;
    this.#body = body;
    this.hasBody = body !== undefined;
  }

  /** The target of the request as it was sent, such as `/users?page=2`. */
  get url(): string {
    return this.#head.url;
  }

  /** The path without the query, as it was sent: `%2F` stays `%2F`. */
  get path(): string {
    return this.#head.target.path;
  }

  /**
   * The parameters after the `?`.
   *
   * @throws HttpError 414 for more than 8192, which only a readBufferSize above the default lets come
   */
  get query(): URLSearchParams {
    return (this.#query ??= this.#parseQuery());
  }

  /** The minor version: 1 for `HTTP/1.1`, and 0 for `HTTP/1.0`. */
  get minorVersion(): number {
    return this.#head.minor;
  }

  get headers(): Fields {
    return (this.#headers ??= new Fields(this.#head.section));
  }

  /** The host that the client asks for, with its port; '' in HTTP/1.0 when the client names none. */
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

  /** Values that the application keeps with a request, like fasthttp's `UserValue`. */
  get values(): Map<unknown, unknown> {
    return (this.#values ??= new Map());
  }

  /**
   * The address of the client; undefined when it comes by a Unix socket, and when it has left before it was asked for. With `trustedProxies` it is the one that these proxies say,
   * and `socket.remoteAddress` is that of the proxy.
   */
  get remoteAddress(): string | undefined {
    const { socket, forwarded, isOfUnixSocket } = this.#sink;
    const { remoteAddress } = socket;
    if (forwarded === undefined) return remoteAddress;
    return forwarded.clientOf({ address: remoteAddress, isOfUnixSocket }, this.headers);
  }

  /** The port of the far end of the connection, which may be a proxy. */
  get remotePort(): number | undefined {
    return this.#sink.socket.remotePort;
  }

  get socket(): Socket {
    return this.#sink.socket;
  }

  /**
   * Aborts when the client leaves before the response is complete. A client that only says that it sends no more is
   * taken for one that leaves, as most of them do. An answer is sent to it all the same.
   */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  /** The status of the response. `status(code)` sets it. */
  get statusCode(): number {
    return this.#status;
  }

  /** Whether `end` or `json` or another answer has been given. */
  get isAnswered(): boolean {
    return this.#state === ANSWERED || this.#state === SENDING || this.#state === TAKEN;
  }

  /**
   * Whether no answer is wanted any more: the client has left, or has got an error because the handler took too long.
   * From then on, all that the handler does with its response has no effect. A loop that writes has to look at this.
   */
  get isAbandoned(): boolean {
    return this.#state === ABANDONED;
  }

  /** Whether nothing of a response has been sent, so that status and fields may still be set. */
  get isOpen(): boolean {
    return this.#state === OPEN;
  }

  /** Whether a part of the response has been sent, and the rest has not been given. */
  get isUnderway(): boolean {
    return this.#state === STREAMING || this.#state === SENDING;
  }

  /** The fields that the handler has set. */
  get fields(): ResponseFields | undefined {
    return this.#fields;
  }

  /**
   * Sets the status.
   *
   * @param code 200 to 599. @default 200
   * @param reason the words in place of the registered ones. Clients ignore them.
   */
  status(code: number, reason: string = ''): this {
    if (!this.#may(ON_SET, 'status')) return this;
    if (!Number.isInteger(code) || code < 200 || code > 599) {
      throw new MisuseError('ERR_HTTP_FIELD', `a status is a number from 200 to 599, got ${code}`);
    }
    this.#status = code;
    if (reason !== '' || this.#fields !== undefined) (this.#fields ??= new ResponseFields()).setReason(reason);
    return this;
  }

  /**
   * Sets a field of the response, in place of any before. Each value of a list becomes a field.
   *
   * @throws MisuseError when it would inject something
   */
  header(name: string, value: FieldValue): this {
    if (!this.#may(ON_SET, 'header')) return this;
    (this.#fields ??= new ResponseFields()).set(name, value);
    return this;
  }

  /** Adds a field beside those of the same name, such as `Set-Cookie` or `Link`. */
  append(name: string, value: FieldValue): this {
    if (!this.#may(ON_SET, 'append')) return this;
    (this.#fields ??= new ResponseFields()).add(name, value);
    return this;
  }

  type(contentType: string): this {
    return this.header('Content-Type', contentType);
  }

  /**
   * Sets the `Content-Type` for when the handler sets none; '' for none. @throws MisuseError when it would inject
   * something
   */
  defaultType(contentType: string): this {
    this.#type = fieldText('Content-Type', contentType);
    return this;
  }

  /** The Content-Type to send when the handler sets none; '' for none. */
  contentTypeOf(content: Sendable): string {
    if (isEmpty(this.#status)) return '';
    if (this.#type !== undefined) return this.#type;
    if (content.length === 0) return '';
    return typeof content === 'string' ? PLAIN : 'application/octet-stream';
  }

  /** Whether the response is a stream of events, which ends when its client leaves and not before. */
  get isEventStream(): boolean {
    return (this.#fields?.contentType ?? this.#type)?.startsWith('text/event-stream') === true;
  }

  /**
   * Answers. A string is sent as UTF-8, and as text unless `Content-Type` says otherwise. A Blob is sent as it is read,
   * and as its own type.
   *
   * @throws MisuseError ERR_HTTP_BODY for anything else, before anything is sent
   */
  end(content: Content | Blob = ''): void {
    if (typeof content !== 'string' && content instanceof Blob) return this.#send(content);
    const bytes = sendable('end', content);
    if (this.#state === STREAMING || this.#needsChunks()) return this.#finish(bytes);
    if (!this.#may(ON_ANSWER, 'end')) return;
    this.#sink.answer(this, bytes);
  }

  /** Answers with JSON. @throws MisuseError ERR_HTTP_BODY for a value that JSON cannot express, such as undefined */
  json(value: unknown): void {
    if (!this.#may(ON_SET, 'json')) return;
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new MisuseError('ERR_HTTP_BODY', `json(): JSON has no ${typeof value}`);
    this.defaultType(JSON_TYPE).end(text);
  }

  /**
   * Answers with a redirect.
   *
   * @param location is checked like any field. Characters above U+007F are encoded.
   * @param code the status. @default 302
   */
  redirect(location: string, code: number = 302): void {
    this.status(code).header('Location', encodeLocation(location)).end();
  }

  /**
   * Answers with a file, ranges and conditional requests included. It needs the package `@fastify/send`.
   *
   * @param path the path within the root, percent-encoded: `ctx.path` or a part of it
   */
  async file(path: string, options: FileOptions): Promise<void> {
    const { openFile } = await import('./file.ts');
    const { status, headers, body } = await openFile(this.method, this.headers.toObject(), path, options);
    try {
      this.status(status);
      for (const [name, value] of Object.entries(headers)) this.header(name, value);
      if (typeof body === 'string') this.end(body);
      else await this.stream(body as AsyncIterable<Buffer>);
    } finally {
      if (typeof body !== 'string') body.destroy();
    }
  }

  /**
   * Sends a piece of the response, whose length need not be known. It is sent as a chunk, or, in HTTP/1.0, until the
   * connection closes.
   *
   * @returns false when the client is slower. `await ctx.drained()` then, or memory holds what the client does not
   * take.
   * @throws MisuseError ERR_HTTP_BODY for what is no content, and for more than was announced
   */
  write(content: Content): boolean {
    const bytes = sendable('write', content);
    this.#begin('write');
    if (!this.#may(ON_WRITE, 'write')) return false;
    return this.#sink.write(bytes);
  }

  /** Sends status and fields now, before there is any content: an `EventSource` waits for them. */
  flushHeaders(): void {
    this.#begin('flushHeaders');
    if (this.#may(ON_WRITE, 'flushHeaders')) this.#sink.write('');
  }

  /** Settles when the client has taken what was written, or left. */
  drained(): Promise<void> {
    if (this.#state !== ABANDONED) return this.#sink.drained();
    return new Promise((resolve) => void setTimeout(resolve, ABANDONED_PAUSE_MS));
  }

  /**
   * Sends all that a source gives, as fast as the client takes it. The source is a Node stream, a web stream or a
   * generator. A source that is not read to its end, because the client has left or takes no content, is destroyed,
   * cancelled or returned from.
   *
   * @returns a promise that rejects with the error of the source, unless the client has left
   */
  async stream(source: PieceSource): Promise<void> {
    const pieces = piecesOf(source);
    try {
      if (!this.#may(ON_SET, 'stream')) return pieces.cancel(this.#reason);
      if (this.method !== 'HEAD' && !isEmpty(this.#status)) return await this.#pump(pieces);
      // No part of it would be sent, and the source may never end.
      this.flushHeaders();
      this.end();
      pieces.cancel(undefined);
    } catch (error) {
      pieces.cancel(error);
      if (!this.isAbandoned) throw error;
    }
  }

  /**
   * Sets a field after the content. `Trailer` announces those that are given before the content; `header('Trailer',
   * names)` can announce the others. The response then has chunks, whatever its length. The field is left out in
   * HTTP/1.0 and where there is no content.
   *
   * @throws MisuseError ERR_HTTP_FIELD when it would inject something, belongs in the head, or comes after a response that has begun by its
   *   Content-Length
   */
  trailer(name: string, value: string | number): this {
    if (!this.#may(ON_TRAILER, 'trailer')) return this;
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

  /**
   * Sends a 103, which names what the client may load meanwhile. Nothing is sent to an HTTP/1.0 client, because
   * HTTP/1.0 has no such responses.
   */
  earlyHints(fields: Readonly<Record<string, string | readonly string[]>>): void {
    if (!this.#may(ON_SET, 'earlyHints') || this.#head.minor === 0) return;
    const lines = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => fieldLine(name, one)));
    this.#sink.inform(`HTTP/1.1 103 Early Hints\r\n${lines.join('')}\r\n`);
  }

  /**
   * Takes the connection. No answer is sent, and the socket and the bytes after the request are the caller's.
   *
   * @throws the reason of `signal` when the client has left: there is no connection to take
   */
  hijack(): Hijacked {
    if (this.#state === ABANDONED) throw this.#reason!;
    this.#may(ON_HIJACK, 'hijack');
    return this.#sink.hijack();
  }

  /**
   * Abandons the response, before it is answered; the connection calls it. The client has left, or the server gave up
   * waiting.
   */
  abandon(reason: Error): void {
    this.#state = responseSide.next(this.#state, ON_ABANDON);
    this.leave(reason);
    this.#body?.fail(reason);
    this.#onAbandoned?.(reason);
  }

  /**
   * Notes that the client sends no more; the connection calls it. Probably the client has left. If not, it still gets
   * its response.
   */
  leave(reason: Error): void {
    this.#reason ??= reason;
    this.#abort?.abort(this.#reason);
  }

  /** Whether a handler has failed only because its client has left. */
  hasFailedByLeaving(error: unknown): boolean {
    if (this.#reason === undefined) return false;
    let cause = error;
    for (let depth = 0; depth < MOST_CAUSES && cause !== undefined; depth++) {
      if (cause === this.#reason) return true;
      cause = cause instanceof Error ? cause.cause : undefined;
    }
    return false;
  }

  /**
   * Breaks the response off; the error handler calls it. The part that was sent cannot be taken back, so the client has
   * to see that the response is not whole.
   */
  break(): void {
    this.#sink.break();
  }

  /** Forgets all that the handler has set; the error handler calls it. */
  reset(): void {
    if (!this.#may(ON_SET, 'reset')) return;
    this.#status = 200;
    this.#fields = undefined;
    this.#type = undefined;
  }

  #parseQuery(): URLSearchParams {
    const { query } = this.#head.target;
    if (hasMorePairs(query, MOST_PAIRS)) throw new HttpError(414, 'more parameters than a query may have');
    return new URLSearchParams(query);
  }

  #begin(call: string): void {
    if (this.#state === STREAMING || !this.#may(ON_BEGIN, call)) return;
    this.#sink.begin(this);
  }

  /** Whether the response needs chunks: trailers do. RFC 9112, 7.1.2. */
  #needsChunks(): boolean {
    return this.#state === OPEN && this.#fields?.trailers !== undefined && this.#head.minor === 1;
  }

  #finish(content: Sendable): void {
    this.write(content);
    if (!this.#may(ON_FINISH, 'end')) return;
    this.#sink.finish(this.#fields?.trailers?.lines ?? '');
  }

  async #pump(pieces: Pieces): Promise<void> {
    // A source's first piece is sent together with the head if it comes at once.
    const flushing = setImmediate(() => void (this.#state === OPEN && this.flushHeaders()));
    this.#onAbandoned = pieces.cancel;
    try {
      for (;;) {
        const { done, value } = await pieces.next();
        clearImmediate(flushing);
        if (this.isAnswered || this.isAbandoned) return pieces.cancel(this.#reason);
        if (done === true) return this.end();
        if (!this.write(value)) await this.drained();
      }
    } finally {
      clearImmediate(flushing);
      this.#onAbandoned = undefined;
    }
  }

  /**
   * Sends a Blob, whose length is known, and whose content is not there yet. From now on the response counts as given.
   */
  #send(blob: Blob): void {
    if (this.#state === STREAMING) throw new MisuseError('ERR_HTTP_BODY', 'end(): no Blob after write(): use stream()');
    if (!responseSide.allows(this.#state, ON_SEND)) this.#misuse('end');
    if (this.#state === ABANDONED) return;
    if (this.#type === undefined) this.#type = blob.type;
    this.header('Content-Length', blob.size);
    this.#state = responseSide.next(this.#state, ON_SEND);
    this.#sink.begin(this);
    if (this.method === 'HEAD' || isEmpty(this.#status)) this.#sent();
    else this.#read(blob).catch((error: unknown) => this.isUnderway && this.#sink.break(error));
  }

  async #read(blob: Blob): Promise<void> {
    const pieces = piecesOf(blob.stream());
    this.#onAbandoned = pieces.cancel;
    for (;;) {
      const { done, value } = await pieces.next();
      if (this.#state !== SENDING) return;
      if (done === true) return this.#sent();
      if (!this.#sink.write(sendable('end', value))) await this.#sink.drained();
    }
  }

  #sent(): void {
    this.#state = responseSide.next(this.#state, ON_FINISH);
    this.#sink.finish(this.#fields?.trailers?.lines ?? '');
  }

  /**
   * Moves the response side.
   *
   * @returns whether the call has anything to do: false when its client has left
   * @throws MisuseError ERR_HTTP_ANSWERED when it must not be made any more
   */
  #may(event: number, call: string): boolean {
    if (!responseSide.allows(this.#state, event)) this.#misuse(call);
    this.#state = responseSide.next(this.#state, event);
    return this.#state !== ABANDONED;
  }

  #misuse(call: string): never {
    const when = this.isAnswered ? 'the response has been given' : 'the response has begun';
    throw new MisuseError('ERR_HTTP_ANSWERED', `${call}(): ${when}`);
  }
}

function encodeLocation(location: string): string {
  // The text goes through UTF-8, in which half a surrogate pair becomes U+FFFD. encodeURIComponent throws at such a
  // half.
  return location.replaceAll(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(Buffer.from(text).toString()));
}
