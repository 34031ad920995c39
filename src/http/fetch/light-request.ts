import type { Context } from '../message/context.ts';
import { hasMorePairs, MOST_PAIRS } from '../message/pairs.ts';
import { urlOf } from '../message/request-url.ts';
import { HttpError } from '../protocol/errors.ts';
import { mirror, standIn } from './stand-in.ts';

const Original: typeof Request = globalThis.Request;
const OriginalResponse: typeof Response = globalThis.Response;

const NOTHING: Buffer = Buffer.alloc(0);

const BYTE_ORDER_MARK = 0xfeff;

/**
 * A `Request` that is made of its context part by part, when a part is asked for. A real one answers for all that is
 * not here. It is made then, and has the body from then on.
 */
export class LightRequest {
  readonly #context: Context;
  #url: string | undefined;
  #headers: Headers | undefined;
  #original: Request | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  get method(): string {
    return this.#context.method;
  }

  /** The URL. @throws HttpError 400 when a URL cannot have such a host */
  get url(): string {
    return (this.#url ??= urlOf(this.#context));
  }

  get headers(): Headers {
    return (this.#headers ??= this.#original?.headers ?? new Headers([...this.#context.headers]));
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /** The client's address, where h3 and others of srvx look for it. */
  get ip(): string | undefined {
    return this.#context.remoteAddress;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#hasBody() ? this.original.body : null;
  }

  get bodyUsed(): boolean {
    return this.#original?.bodyUsed ?? (this.#hasBody() && this.#context.body.isTaken);
  }

  /** The value that lets it be the init of another request. */
  get duplex(): string {
    return 'half';
  }

  text(): Promise<string> {
    return this.#original?.text() ?? this.#read(textOf);
  }

  json(): Promise<unknown> {
    return this.#original?.json() ?? this.#read((bytes) => JSON.parse(textOf(bytes)) as unknown);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#original?.arrayBuffer() ?? this.#read((bytes) => ownBytes(bytes).buffer);
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    // Node 20 has no such method.
    return this.#original?.arrayBuffer().then((buffer) => new Uint8Array(buffer)) ?? this.#read(ownBytes);
  }

  /**
   * The fields of a form. The platform parses them, after a look at how many they are: it has no limit of its own.
   *
   * @throws HttpError 413 for more than 8192 fields of a form of one part
   */
  async formData(): Promise<FormData> {
    const type = this.headers.get('content-type') ?? '';
    // The platform takes the last of several types for the type, so what only mentions a form is counted, too.
    if (!/x-www-form-urlencoded/i.test(type)) return this.original.formData();
    const bytes = await this.bytes();
    if (hasMorePairs(Buffer.from(bytes.buffer).toString('latin1'), MOST_PAIRS))
      throw new HttpError(413, 'more fields than a form may have');
    return new OriginalResponse(bytes, { headers: { 'content-type': type } }).formData();
  }

  clone(): Request {
    return this.current.clone();
  }

  /** The real request. */
  get original(): Request {
    return (this.#original ??= this.#become());
  }

  /** The real request, with the changes that were made to the headers, for code that looks into it. */
  get current(): Request {
    const { original } = this;
    if (this.#headers !== undefined && this.#headers !== original.headers) mirror(this.#headers, original.headers);
    return original;
  }

  /** Whether it has a body: the standard has none for these methods. */
  #hasBody(): boolean {
    return this.#context.hasBody && this.method !== 'GET' && this.method !== 'HEAD';
  }

  #become(): Request {
    const { method, url, signal } = this;
    const headers = this.#headers ?? [...this.#context.headers];
    // The standard has no request of this method.
    if (method === 'TRACE')
      return Object.defineProperty(new Original(url, { headers, signal }), 'method', { value: method });
    const body = this.#hasBody() ? this.#handOver() : undefined;
    const original = new Original(url, {
      method,
      headers,
      signal,
      ...(body !== undefined && { body, duplex: 'half' }),
    });
    // The real one of a request that has been read already is then read too.
    if (body === USED) void original.arrayBuffer();
    return original;
  }

  #handOver(): Uint8Array | ReadableStream<Uint8Array> {
    const { body } = this.#context;
    if (body.isTaken) return USED;
    // The bytes are better than a stream of them: code that sends the request on knows their length.
    return body.isComplete ? body.takeNow() : body.stream;
  }

  async #read<Result>(convert: (bytes: Buffer) => Result): Promise<Result> {
    return convert(this.#hasBody() ? await this.#context.body.take() : NOTHING);
  }
}

/** The body of a real request whose light one has been read. */
const USED = new Uint8Array(0);

/** Decodes as `TextDecoder` does, which takes longer for a few bytes. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString();
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** Returns the bytes in memory of their own. The memory of a Buffer has bytes of other requests too. */
function ownBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

standIn(LightRequest, Original);

export function lightRequest(context: Context): Request {
  return new LightRequest(context) as unknown as Request;
}

/** Returns a real request: an original constructor of `Request` takes no other. */
export function realRequest(context: Context): Request {
  return new LightRequest(context).original;
}

/** Returns the real request of a light one, and any other value as it is. */
export function unwrapped<Input>(input: Input): Input | Request {
  return input instanceof LightRequest ? input.current : input;
}
