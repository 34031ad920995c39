import { ChunkedBody, LengthBody, MalformedAnswer, UntilCloseBody, type Body } from './body.ts';

/** The answer to a request. */
export interface Answer {
  readonly status: number;
  /** The headers by their names in lower case. Repeated ones are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The answer to an HTTP/1 request. */
export interface Http1Answer extends Answer {
  /**
   * True when the connection takes no further request: `Connection: close`, HTTP/1.0, or a body that ends with the
   * connection.
   */
  readonly closes: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** The limit is higher than any server's default. */
const LONGEST_HEAD_BYTES = 262_144;

interface Head {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly keeps: boolean;
}

/** Reads an HTTP/1 answer, byte by byte if necessary. The reader is deliberately small, so that it can be trusted. */
export class AnswerReader {
  readonly #method: string;
  #received: Buffer = Buffer.alloc(0);
  #head: Head | undefined;
  #body: Body | undefined;
  #extra = 0;

  /**
   * Creates a reader.
   *
   * @param method the method of the request: the answer to HEAD has no body.
   */
  constructor(method: string) {
    this.#method = method;
  }

  /** True when a byte of the answer has arrived. */
  get hasStarted(): boolean {
    return this.#head !== undefined || this.#received.length > 0;
  }

  /** Takes bytes and returns the answer when it is whole. The method throws MalformedAnswer. */
  push(bytes: Buffer): Http1Answer | undefined {
    const rest = this.#body === undefined ? this.#takeHead(bytes) : bytes;
    if (this.#body !== undefined) this.#extra += this.#body.push(rest).length;
    if (this.#extra > 0) throw new MalformedAnswer(`${this.#extra} bytes too many came after the answer`);
    return this.#body?.isWhole === true ? this.#answer(this.#body) : undefined;
  }

  /** Handles the end of the connection, and returns the answer if that makes it whole. */
  end(): Http1Answer | undefined {
    return this.#body?.endsWithConnection === true ? this.#answer(this.#body) : undefined;
  }

  /**
   * Parses the head.
   *
   * @returns the bytes after the head.
   */
  #takeHead(bytes: Buffer): Buffer {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    for (;;) {
      const end = this.#received.indexOf(HEAD_END);
      if (end < 0) break;
      const head = parseHead(this.#received.toString('latin1', 0, end));
      const rest = this.#received.subarray(end + HEAD_END.length);
      if (!isInterim(head)) {
        this.#head = head;
        this.#body = bodyOf(head, this.#method);
        return rest;
      }
      this.#received = rest;
    }
    if (this.#received.length > LONGEST_HEAD_BYTES) throw new MalformedAnswer('the head of the answer is too long');
    return Buffer.alloc(0);
  }

  #answer(body: Body): Http1Answer {
    const { status, headers, keeps } = this.#head!;
    return { status, headers, body: body.bytes(), closes: !keeps || body.endsWithConnection };
  }
}

function parseHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine) ?? [];
  if (status === undefined)
    throw new MalformedAnswer(`the answer begins with ${JSON.stringify(statusLine.slice(0, 60))}`);
  const headers: Record<string, string> = {};
  for (const line of lines) addHeader(headers, line);
  const options = (headers['connection'] ?? '').toLowerCase().split(/\s*,\s*/);
  const keeps = minor === '1' ? !options.includes('close') : options.includes('keep-alive');
  return { status: Number(status), headers, keeps };
}

function addHeader(headers: Record<string, string>, line: string): void {
  const colon = line.indexOf(':');
  if (colon < 1) throw new MalformedAnswer(`a header of the answer is ${JSON.stringify(line.slice(0, 60))}`);
  const name = line.slice(0, colon).toLowerCase();
  const value = line.slice(colon + 1).trim();
  headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
}

/** The statuses 100 and 103 come before the answer. 101 would end HTTP, but was not asked for. */
function isInterim({ status }: Head): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

function bodyOf({ status, headers }: Head, method: string): Body {
  if (method === 'HEAD' || status === 204 || status === 304) return new LengthBody(0);
  if (/(?:^|,)\s*chunked$/i.test(headers['transfer-encoding'] ?? '')) return new ChunkedBody();
  const length = headers['content-length'];
  if (length === undefined) return new UntilCloseBody();
  if (!/^\d{1,15}$/.test(length)) throw new MalformedAnswer(`Content-Length is ${JSON.stringify(length.slice(0, 40))}`);
  return new LengthBody(Number(length));
}
