import type { Context } from './context.ts';
import { HttpError } from './errors.ts';

const Original: typeof Request = globalThis.Request;

/** What `new URL` would change, or refuse: dots as segments, and what it encodes. */
const ODD = /[\\"<>^`{|}#]|\/\.|%2e/i;
const PLAIN_HOST = /^[-.\w]+(?::\d+)?$/;

/**
 * A `Request` that is made of its context when somebody asks, part by part. Whatever is not here is asked of a real one,
 * which is made then.
 */
class LightRequest {
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

  get url(): string {
    return (this.#url ??= urlOf(this.#context));
  }

  get headers(): Headers {
    return (this.#headers ??= new Headers([...this.#context.headers]));
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  /** The client's address, where h3 and others of srvx look for it. */
  get ip(): string | undefined {
    return this.#context.remoteAddress;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.original.body;
  }

  get bodyUsed(): boolean {
    return this.#original?.bodyUsed ?? this.#context.body.isTaken;
  }

  /** So that it may be the init of another request. */
  get duplex(): string {
    return 'half';
  }

  text(): Promise<string> {
    return this.#original?.text() ?? this.#take((bytes) => bytes.toString().replace(/^\uFEFF/, ''));
  }

  json(): Promise<unknown> {
    return this.#original?.json() ?? this.#take((bytes) => JSON.parse(bytes.toString()) as unknown);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#original?.arrayBuffer() ?? this.#take((bytes) => new Uint8Array(bytes).buffer);
  }

  bytes(): Promise<Uint8Array> {
    return this.#original === undefined ? this.#take((bytes) => bytes) : this.arrayBuffer().then(toBytes);
  }

  clone(): Request {
    return this.original.clone();
  }

  /** The real one. */
  get original(): Request {
    if (this.#original !== undefined) return this.#original;
    const { method, url, headers, signal } = this;
    const hasBody = method !== 'GET' && method !== 'HEAD' && this.#context.hasBody;
    const init = { method, headers, signal, ...(hasBody && { body: this.#context.body.stream, duplex: 'half' }) };
    return (this.#original = new Original(url, init as RequestInit));
  }

  async #take<Result>(convert: (bytes: Buffer) => Result): Promise<Result> {
    return convert(await this.#context.body.take());
  }
}

for (const name of ['blob', 'formData'] as const) {
  Object.defineProperty(LightRequest.prototype, name, {
    value(this: LightRequest) {
      return this.original[name]();
    },
  });
}
const REST = 'cache credentials destination integrity keepalive mode redirect referrer referrerPolicy'.split(' ');
for (const name of REST) {
  Object.defineProperty(LightRequest.prototype, name, {
    get(this: LightRequest): unknown {
      return this.original[name as keyof Request];
    },
  });
}
Object.setPrototypeOf(LightRequest.prototype, Original.prototype);

export function lightRequest(context: Context): Request {
  return new LightRequest(context) as unknown as Request;
}

/** What only an original constructor of `Request` takes. */
export function realRequest(context: Context): Request {
  return new LightRequest(context).original;
}

type Input = ConstructorParameters<typeof Request>[0];

/** A `Request` whose constructor takes light ones: the original looks for what only its own have. */
export const LightRequestConstructor: typeof Request = new Proxy(Original, {
  construct(target, [input, init]: [Input, RequestInit?], self) {
    const real = input instanceof LightRequest ? input.original : input;
    return Reflect.construct(target, init === undefined ? [real] : [real, init], self) as Request;
  },
});

function urlOf(context: Context): string {
  const { url, host } = context;
  const scheme = 'encrypted' in context.socket ? 'https' : 'http';
  const origin = `${scheme}://${host === '' ? 'localhost' : host}`;
  const path = url.startsWith('/') ? url : pathOf(url);
  if (!ODD.test(path) && (host === '' || PLAIN_HOST.test(host))) return origin + path;
  try {
    // Not a relative one: what follows two slashes would be the host.
    return new URL(origin + path).href;
  } catch (cause) {
    throw new HttpError(400, 'the host is none that a URL can have', { cause });
  }
}

/** Of the absolute form what follows its host, from `*` of OPTIONS what `new URL` makes of it. */
function pathOf(url: string): string {
  const rest = url.replace(/^https?:\/\/[^/?]+/i, '');
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function toBytes(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}
