import { trimBlanks } from '../protocol/blanks.ts';
import type { FieldSection } from '../protocol/field-section.ts';
import { Fields, NO_FIELDS } from '../protocol/fields.ts';
import type { FilePart, MultipartLimits } from './multipart.ts';
import { checkLimits, hasMorePairs, type FormLimits } from './pairs.ts';
import type { RequestHead } from './request-head.ts';
import { HttpError, MisuseError } from '../protocol/errors.ts';
import { ByteStore } from './byte-store.ts';

/** The body of a request. The bytes that have come, and that nothing has taken yet, are gathered in one store. */
export class Body implements AsyncIterable<Buffer> {
  readonly #head: RequestHead;
  readonly #onTaken: () => void;
  readonly #onPassed: (size: number) => void;
  readonly #store = new ByteStore();
  #isComplete = false;
  #isTaken = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #trailers: Fields | undefined;
  /** `fail` calls it, even when the whole body has arrived. */
  #onFailed: ((error: Error) => void) | undefined;

  /**
   * @param onTaken called when the bytes that waited have been taken.
   * @param onPassed called with the number of bytes of a stream that have been dealt with.
   */
  constructor(head: RequestHead, onTaken: () => void = ignore, onPassed: (size: number) => void = ignore) {
    this.#head = head;
    this.#onTaken = onTaken;
    this.#onPassed = onPassed;
  }

  /** The number of bytes that wait to be read. */
  get waiting(): number {
    return this.#store.size;
  }

  /**
   * The whole body, at once. With `streamRequestBody` it is not there yet, so `await` one of the other methods then.
   *
   * @throws MisuseError ERR_HTTP_BODY
   */
  get bytes(): Buffer {
    if (!this.#isComplete || this.#isTaken) {
      throw new MisuseError(
        'ERR_HTTP_BODY',
        'the body is a stream (streamRequestBody), or read: use await body.buffer()',
      );
    }
    return this.#store.bytes;
  }

  /** The whole body. */
  async buffer(): Promise<Buffer> {
    if (this.#isComplete && !this.#isTaken) return this.bytes;
    const whole = new ByteStore();
    for await (const piece of this.#pieces(ignore)) whole.append(piece, 0, piece.length, -1);
    return whole.take();
  }

  /** Returns the whole body, which cannot be read again from now on, as the standard of fetch has it. */
  async take(): Promise<Buffer> {
    if (this.#isTaken) throw new TypeError('Body is unusable: Body has already been read');
    return this.#isComplete ? this.takeNow() : this.buffer();
  }

  /** Does the same at once, when all has come. */
  takeNow(): Buffer {
    const { bytes } = this;
    this.#isTaken = true;
    return bytes;
  }

  /** Whether all of it has come. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether it has been read, or is being read. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /**
   * The fields after a body of chunks. There are none before the whole body has come. They never replace those of the
   * head.
   */
  get trailers(): Fields {
    return this.#trailers ?? NO_FIELDS;
  }

  /** Returns the whole body, decoded as UTF-8. */
  async text(): Promise<string> {
    return (await this.buffer()).toString();
  }

  /** Returns the value of the body as JSON. @throws HttpError 400 when it is no JSON. */
  async json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new HttpError(400, 'the body is not JSON', { cause });
    }
  }

  /**
   * Returns the fields of a body of the type `application/x-www-form-urlencoded`.
   *
   * @throws HttpError 415 for any other type, 413 for more than the limits
   * @throws MisuseError ERR_HTTP_OPTION for a limit that is no whole number
   */
  async form(limits: FormLimits = {}): Promise<URLSearchParams> {
    const { fields = 1000 } = limits;
    checkLimits('form', { fields });
    const field = new Fields(this.#head.section).get('content-type') ?? '';
    const type = trimBlanks(field.split(';', 1)[0]!).toLowerCase();
    if (type !== 'application/x-www-form-urlencoded') throw new HttpError(415, `expected a form, got ${type}`);
    const text = await this.text();
    if (hasMorePairs(text, fields)) throw new HttpError(413, 'more fields than a form may have');
    return new URLSearchParams(text);
  }

  /**
   * Reads a form of several parts, by the package `@fastify/busboy`. For large ones set `streamRequestBody`.
   *
   * @param onFile gets each file, and reads its content. It may be asynchronous. Content that it leaves is skipped.
   * @returns the fields that are no files, when all files are dealt with. It rejects as soon as something is wrong:
   * with the error of `onFile`, with the reason why the client has left, or as below. The contents of files then fail
   * likewise.
   * @throws HttpError 415 for any other type, 413 for more than the limits, 400 for a form without its end
   */
  async multipart(onFile: (part: FilePart) => unknown, limits: MultipartLimits = {}): Promise<Map<string, string>> {
    const type = new Fields(this.#head.section).get('content-type') ?? '';
    if (!/^multipart\/form-data *;/i.test(type)) throw new HttpError(415, `expected multipart/form-data, got ${type}`);
    const { readMultipart } = await import('./multipart.ts');
    const pieces = (held: () => number): AsyncGenerator<Buffer> => this.#pieces(lessHeld(this.#onPassed, held));
    return readMultipart(pieces, type, onFile, limits, (onFailed) => {
      this.#onFailed = onFailed;
      if (this.#failure !== undefined) onFailed(this.#failure);
    });
  }

  /** Yields pieces as they come. The connection is not read while no one takes them. */
  [Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    return this.#pieces(this.#onPassed);
  }

  /**
   * The body as a web stream, whose bytes are in memory of their own: the memory of a Buffer may have the bytes of
   * others too.
   */
  get stream(): ReadableStream<Uint8Array> {
    const pieces = this[Symbol.asyncIterator]();
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(new Uint8Array(value));
      },
      async cancel() {
        await pieces.return(undefined);
      },
    });
  }

  /**
   * Adds bytes; the connection calls it. @param expected the length that the body is going to have; -1 when that is not
   * known.
   */
  append(bytes: Buffer, from: number, to: number, expected: number): void {
    this.#store.append(bytes, from, to, expected);
    this.#rouse();
  }

  /** Ends the body. @param trailers the fields that came after it. */
  complete(trailers?: FieldSection): void {
    if (trailers !== undefined) this.#trailers = new Fields(trailers);
    this.#isComplete = true;
    this.#rouse();
  }

  /** Ends the body with an error: no more will come, or nothing more is wanted. The bytes of a whole body stay. */
  fail(error: Error): void {
    if (!this.#isComplete) {
      this.#failure = error;
      this.#rouse();
    }
    this.#onFailed?.(error);
  }

  /** @param onPassed called when a piece of that size has been taken, and then the next was asked for. */
  async *#pieces(onPassed: (size: number) => void): AsyncGenerator<Buffer> {
    if (this.#isTaken) throw new MisuseError('ERR_HTTP_BODY', 'the body has been read already');
    this.#isTaken = true;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#store.size > 0) {
        const piece = this.#take();
        yield piece;
        onPassed(piece.length);
      } else if (this.#isComplete) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(): Buffer {
    const piece = this.#store.take();
    this.#onTaken();
    return piece;
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/**
 * Passes on how many bytes have been dealt with, less those that are held: these stay the body's.
 *
 * @param held the number of bytes, of all so far
 */
function lessHeld(onPassed: (size: number) => void, held: () => number): (size: number) => void {
  let taken = 0;
  let passed = 0;
  return (size) => {
    taken += size;
    const more = Math.max(0, taken - held() - passed);
    passed += more;
    onPassed(more);
  };
}

function ignore(): void {}
