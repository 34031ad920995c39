const Original: typeof Response = globalThis.Response;

export type HeadersSource = NonNullable<ResponseInit['headers']>;

/** Content that needs no stream. */
type Simple = string | Uint8Array | null;

/** What a light response is made of, while nobody has asked for more. */
export interface Parts {
  readonly content: Simple;
  readonly status: number;
  readonly statusText: string;
  /** Of the init, or what became of them. */
  readonly headers: HeadersSource | undefined;
}

/**
 * A `Response` of a string or bytes that stays what it was made of: the original makes a stream of it, which somebody has
 * to read again. As soon as one asks for more than status and headers, there is a real one.
 */
export class LightResponse {
  readonly #content: Simple;
  readonly #init: ResponseInit | undefined;
  #headers: Headers | undefined;
  #original: Response | undefined;

  constructor(content?: ConstructorParameters<typeof Response>[0], init?: ResponseInit) {
    this.#init = init;
    this.#content = isSimple(content) ? (content ?? null) : null;
    const status = init?.status;
    // What is wrong with these the original says.
    if (!isSimple(content) || init instanceof Original || (status !== undefined && !isUsual(status))) {
      // Its own as well as any other: `new Response(body, response)` is how a response is changed.
      this.#original = new Original(content, init instanceof Original ? LightResponse.originalOf(init) : init);
    }
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Original;
  }

  static json(value: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(value);
    if (text === undefined || init !== undefined) return Original.json(value, init);
    return new LightResponse(text, JSON_INIT) as unknown as Response;
  }

  get status(): number {
    return this.#original?.status ?? this.#init?.status ?? 200;
  }

  get statusText(): string {
    return this.#original?.statusText ?? this.#init?.statusText ?? '';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    if (this.#original !== undefined) return this.#original.headers;
    if (this.#headers !== undefined) return this.#headers;
    this.#headers = new Headers(this.#init?.headers);
    if (typeof this.#content === 'string' && !this.#headers.has('content-type')) {
      this.#headers.set('content-type', TEXT);
    }
    return this.#headers;
  }

  /** Undefined once there is a real one, or where only that one will do. */
  get parts(): Parts | undefined {
    if (this.#original !== undefined) return undefined;
    const { status, statusText } = this;
    return { content: this.#content, status, statusText, headers: this.#headers ?? this.#init?.headers };
  }

  /** The real one. */
  get original(): Response {
    this.#original ??= new Original(this.#content, {
      ...this.#init,
      status: this.status,
      headers: this.#headers ?? this.#init?.headers ?? {},
    });
    return this.#original;
  }

  /** Whether `value` is one, which `instanceof` does not say. */
  static partsOf(value: Response): Parts | undefined {
    return #content in value ? (value as unknown as LightResponse).parts : undefined;
  }

  static originalOf(value: Response): Response {
    return #content in value ? (value as unknown as LightResponse).original : value;
  }
}

/** The type of content of a string, as the standard has it. */
export const TEXT = 'text/plain;charset=UTF-8';
const JSON_INIT: ResponseInit = { headers: { 'content-type': 'application/json' } };

const METHODS = ['arrayBuffer', 'blob', 'bytes', 'clone', 'formData', 'json', 'text'];
for (const name of METHODS) {
  Object.defineProperty(LightResponse.prototype, name, {
    value(this: LightResponse): unknown {
      const { original } = this;
      return (original[name as keyof Response] as () => unknown).call(original);
    },
  });
}
for (const name of ['body', 'bodyUsed', 'redirected', 'type', 'url']) {
  Object.defineProperty(LightResponse.prototype, name, {
    get(this: LightResponse): unknown {
      return this.original[name as keyof Response];
    },
  });
}
Object.setPrototypeOf(LightResponse, Original);
Object.setPrototypeOf(LightResponse.prototype, Original.prototype);

function isSimple(content: unknown): content is Simple | undefined {
  return typeof content === 'string' || content === null || content === undefined || content instanceof Uint8Array;
}

/** A status that may have content. */
function isUsual(status: number): boolean {
  return (
    Number.isInteger(status) && status >= 200 && status <= 599 && status !== 204 && status !== 205 && status !== 304
  );
}
