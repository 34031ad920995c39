import { copyHeaders, headersOf, type HeaderList } from '../message/header-list.ts';
import { isValue } from '../protocol/field-line.ts';
import { mirror, standIn } from './stand-in.ts';

const Original: typeof Response = globalThis.Response;

/** Content that needs no stream. */
type Simple = string | Uint8Array | null;

/** The parts of a light response, until a real one is needed. */
export interface Parts {
  readonly content: Simple;
  readonly status: number;
  readonly statusText: string;
  /** The headers of the init. */
  readonly list: HeaderList;
  /** The `Headers` that were made of them, if they were asked for. */
  readonly headers: Headers | undefined;
}

const NONE: HeaderList = [];

/** The type of content of a string, by the standard. */
export const TEXT = 'text/plain;charset=UTF-8';

/**
 * A `Response` of a string or bytes that keeps these as they are. The original would make a stream of them, which the
 * server would have to read again. As soon as code asks for more than status and headers, there is a real one.
 */
export class LightResponse {
  #content: Simple = null;
  #status = 200;
  #statusText = '';
  #list: HeaderList = NONE;
  #headers: Headers | undefined;
  #original: Response | undefined;

  constructor(content?: ConstructorParameters<typeof Response>[0], init?: ResponseInit | null) {
    // The original throws for wrong arguments.
    if (isSimple(content) && isUsual(init, content)) this.#take(content ?? null, init);
    else this.#original = new Original(content, init ?? undefined);
  }

  get status(): number {
    return this.#original?.status ?? this.#status;
  }

  get statusText(): string {
    return this.#original?.statusText ?? this.#statusText;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    return (this.#headers ??= this.#original?.headers ?? this.#makeHeaders());
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#original === undefined && this.#content === null ? null : this.original.body;
  }

  get bodyUsed(): boolean {
    return this.#original?.bodyUsed ?? false;
  }

  clone(): Response {
    return this.current.clone();
  }

  /** The parts; undefined once there is a real response, or where only a real one will do. */
  get parts(): Parts | undefined {
    if (this.#original !== undefined) return undefined;
    return {
      content: this.#content,
      status: this.#status,
      statusText: this.#statusText,
      list: this.#list,
      headers: this.#headers,
    };
  }

  /** The real response. */
  get original(): Response {
    return (this.#original ??= new Original(this.#content, {
      status: this.#status,
      statusText: this.#statusText,
      headers: this.#headers ?? headersOf(this.#list),
    }));
  }

  /** The real response, with the changes that were made to the headers, for code that looks into it. */
  get current(): Response {
    const { original } = this;
    if (this.#headers !== undefined && this.#headers !== original.headers) mirror(this.#headers, original.headers);
    return original;
  }

  /** Returns the parts if `value` is a light response, which `instanceof` does not say. */
  static partsOf(value: Response): Parts | undefined {
    return #content in value ? (value as unknown as LightResponse).parts : undefined;
  }

  static originalOf(value: Response): Response {
    return #content in value ? (value as unknown as LightResponse).current : value;
  }

  #take(content: Simple, init: ResponseInit | null | undefined): void {
    // The bytes are copied, as the original does: code that fills them anew does not change a response.
    this.#content = content instanceof Uint8Array ? Buffer.from(content) : content;
    if (init === undefined || init === null) return;
    const { status, statusText, headers } = init;
    if (status !== undefined) this.#status = status;
    if (statusText !== undefined) this.#statusText = statusText;
    if (headers === undefined) return;
    const copy = copyHeaders(headers);
    if (copy instanceof Headers) this.#headers = withType(copy, content);
    else this.#list = copy;
  }

  #makeHeaders(): Headers {
    return withType(headersOf(this.#list), this.#content);
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Stands in for `Response.json`. */
export function json(value: unknown, init?: ResponseInit): Response {
  const text = JSON.stringify(value);
  if (text === undefined || init?.headers !== undefined) return Original.json(value, init);
  return new LightResponse(text, { ...init, headers: JSON_TYPE }) as unknown as Response;
}

standIn(LightResponse, Original);

/** Gives a string body a default Content-Type, unless the headers contain one. */
function withType(headers: Headers, content: Simple): Headers {
  if (typeof content === 'string' && !headers.has('content-type')) headers.set('content-type', TEXT);
  return headers;
}

function isSimple(content: unknown): content is Simple | undefined {
  return typeof content === 'string' || content === null || content === undefined || content instanceof Uint8Array;
}

/** Whether the init has nothing that the original would convert or refuse. */
function isUsual(init: unknown, content: Simple | undefined): init is ResponseInit | null | undefined {
  if (init === undefined || init === null) return true;
  if (typeof init !== 'object') return false;
  const { status = 200, statusText = '', headers } = init as Record<string, unknown>;
  if (headers !== undefined && (typeof headers !== 'object' || headers === null)) return false;
  if (typeof statusText !== 'string' || (statusText !== '' && !isValue(statusText))) return false;
  return status === 200 || isUsualStatus(status, content);
}

function isUsualStatus(status: unknown, content: Simple | undefined): boolean {
  if (!Number.isInteger(status)) return false;
  const code = status as number;
  const mayHaveContent = code !== 204 && code !== 205 && code !== 304;
  return code >= 200 && code <= 599 && (mayHaveContent || content === null || content === undefined);
}
