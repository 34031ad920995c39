/**
 * The ways in which HTTP/1.1 marks the end of a body: RFC 9112, section 6.3. Each reader is fed bytes until the body is
 * whole.
 */

export interface Body {
  readonly isWhole: boolean;
  /** True when the end of the connection makes the body whole. */
  readonly endsWithConnection: boolean;
  /** Takes bytes and returns those after the body. The method throws MalformedAnswer. */
  push(bytes: Buffer): Buffer;
  bytes(): Buffer;
}

/** The server does not speak HTTP. */
export class MalformedAnswer extends Error {}

const nothing = Buffer.alloc(0);

/** A body with `Content-Length`, or none at all: 204, 304, and the answer to HEAD. */
export class LengthBody implements Body {
  readonly endsWithConnection = false;
  readonly #chunks: Buffer[] = [];
  #missing: number;

  constructor(length: number) {
    this.#missing = length;
  }

  get isWhole(): boolean {
    return this.#missing === 0;
  }

  push(bytes: Buffer): Buffer {
    const own = bytes.subarray(0, this.#missing);
    if (own.length > 0) this.#chunks.push(own);
    this.#missing -= own.length;
    return bytes.subarray(own.length);
  }

  bytes(): Buffer {
    return join(this.#chunks);
  }
}

/** A body without length or chunks: all data until the connection ends. The reader cannot tell whether that is all. */
export class UntilCloseBody implements Body {
  readonly isWhole = false;
  readonly endsWithConnection = true;
  readonly #chunks: Buffer[] = [];

  push(bytes: Buffer): Buffer {
    this.#chunks.push(bytes);
    return nothing;
  }

  bytes(): Buffer {
    return join(this.#chunks);
  }
}

/** The longest line with the size of a chunk, and the longest trailer. */
const LONGEST_LINE_BYTES = 16_384;

/**
 * A body with `Transfer-Encoding: chunked`. The next part is a size, the data of a chunk, the end of its line, or a
 * trailer.
 */
export class ChunkedBody implements Body {
  readonly endsWithConnection = false;
  readonly #chunks: Buffer[] = [];
  #next: 'size' | 'data' | 'lineEnd' | 'trailer' | 'nothing' = 'size';
  #missing = 0;
  /** A line that has not arrived completely. */
  #line = nothing;

  get isWhole(): boolean {
    return this.#next === 'nothing';
  }

  push(bytes: Buffer): Buffer {
    let rest = bytes;
    while (rest.length > 0 && !this.isWhole) rest = this.#next === 'data' ? this.#takeData(rest) : this.#takeLine(rest);
    return rest;
  }

  bytes(): Buffer {
    return join(this.#chunks);
  }

  #takeData(bytes: Buffer): Buffer {
    const own = bytes.subarray(0, this.#missing);
    this.#chunks.push(own);
    this.#missing -= own.length;
    if (this.#missing === 0) this.#next = 'lineEnd';
    return bytes.subarray(own.length);
  }

  #takeLine(bytes: Buffer): Buffer {
    const end = bytes.indexOf('\n');
    this.#line = Buffer.concat([this.#line, end < 0 ? bytes : bytes.subarray(0, end + 1)]);
    if (this.#line.length > LONGEST_LINE_BYTES) throw new MalformedAnswer('a line between chunks is too long');
    if (end < 0) return nothing;
    const line = this.#line.toString('latin1').trimEnd();
    this.#line = nothing;
    this.#next = this.#afterLine(line);
    return bytes.subarray(end + 1);
  }

  #afterLine(line: string): 'size' | 'data' | 'trailer' | 'nothing' {
    if (this.#next === 'trailer') return line === '' ? 'nothing' : 'trailer';
    if (this.#next === 'lineEnd') {
      if (line !== '') throw new MalformedAnswer('a chunk is longer than its size');
      return 'size';
    }
    const [, size] = /^([\da-f]{1,12})\s*(?:;.*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new MalformedAnswer(`the size of a chunk is ${JSON.stringify(line.slice(0, 40))}`);
    this.#missing = Number.parseInt(size, 16);
    return this.#missing === 0 ? 'trailer' : 'data';
  }
}

function join(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
