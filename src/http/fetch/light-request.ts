import type { Context } from '../message/context.ts';
import { urlOf } from '../message/request-url.ts';
import { mirror, standIn } from './stand-in.ts';

const Original: typeof Request = globalThis.Request;

const NOTHING: Buffer = Buffer.alloc(0);

const BYTE_ORDER_MARK = 0xfeff;

/**
 * A `Request` that is made of its context when somebody asks, part by part. Whatever is not here is asked of a real one,
 * which is made then, and from then on has the body.
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

  /** @throws HttpError 400 when a URL can have no such host */
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

  /** So that it may be the init of another request. */
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

  clone(): Request {
    return this.current.clone();
  }

  /** The real one. */
  get original(): Request {
    return (this.#original ??= this.#become());
  }

  /** The real one, for those who look into it: with what has been done to the headers. */
  get current(): Request {
    const { original } = this;
    if (this.#headers !== undefined && this.#headers !== original.headers) mirror(this.#headers, original.headers);
    return original;
  }

  /** The standard has none for these methods. */
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
    // Of one that has been read already this makes what it is.
    if (body === USED) void original.arrayBuffer();
    return original;
  }

  #handOver(): Uint8Array | ReadableStream<Uint8Array> {
    const { body } = this.#context;
    if (body.isTaken) return USED;
    // Bytes rather than a stream of them: who sends the request on knows their length.
    return body.isComplete ? body.takeNow() : body.stream;
  }

  async #read<Result>(convert: (bytes: Buffer) => Result): Promise<Result> {
    return convert(this.#hasBody() ? await this.#context.body.take() : NOTHING);
  }
}

/** The body of a real request whose light one has been read. */
const USED = new Uint8Array(0);

/** As `TextDecoder` has it, which a few bytes take longer. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString();
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** Their own, and nothing but them: a Buffer's memory has those of other requests. */
function ownBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

standIn(LightRequest, Original);

export function lightRequest(context: Context): Request {
  return new LightRequest(context) as unknown as Request;
}

/** What only an original constructor of `Request` takes. */
export function realRequest(context: Context): Request {
  return new LightRequest(context).original;
}

/** What a real one is asked of: anything else is as it was. */
export function unwrapped<Input>(input: Input): Input | Request {
  return input instanceof LightRequest ? input.current : input;
}
