import type { BusboyFileStream, BusboyInstance } from '@fastify/busboy';
import { PassThrough, type Readable } from 'node:stream';
import { HttpError } from '../protocol/errors.ts';
import { checkLimits } from './pairs.ts';
import { peer } from './peer.ts';

/**
 * A part of a `multipart/form-data` body that is a file. The content is read before the next part comes. Content that
 * is not read when `onFile` is over, or that is destroyed, is skipped. When the form cannot be read to its end, the
 * content fails with the same error as the form.
 */
export interface FilePart {
  readonly name: string;
  readonly filename: string;
  readonly type: string;
  readonly content: Readable;
}

/** The parser parses all that it is given at once, also what comes after a limit, and meanwhile nothing else runs. */
const PIECE_BYTES = 16_384;

/** The limits of a form. A form with more is a 413. */
export interface MultipartLimits {
  /** @default 100 */
  readonly fields?: number;
  /** The most bytes of a part that is no file. @default 65536 */
  readonly fieldSize?: number;
  /** @default 10 */
  readonly files?: number;
}

/**
 * Reads a form of several parts by `@fastify/busboy`, which Fastify and undici's users keep well. Fields are gathered,
 * and files are given as they come.
 *
 * @param pieces begins to read the body. It is asked for the number of bytes that the form holds until the request is
 * over, those of its fields, whenever a piece has been dealt with.
 * @param failed calls back when the request is over before its body: its client has left, or has got its answer.
 * @returns the fields, when everything has been read
 */
export async function readMultipart(
  pieces: (held: () => number) => AsyncGenerator<Buffer>,
  contentType: string,
  onFile: (part: FilePart) => unknown,
  { fields = 100, fieldSize = 65_536, files = 10 }: MultipartLimits,
  failed: (onFailed: (error: Error) => void) => void,
): Promise<Map<string, string>> {
  checkLimits('multipart', { fields, fieldSize, files });
  const { Busboy } = await peer('@fastify/busboy', 'multipart()', () => import('@fastify/busboy'));
  const limits = { fields, fieldSize, files, parts: fields + files, headerPairs: 20 };
  let parser: BusboyInstance;
  try {
    parser = new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (cause) {
    throw new HttpError(400, 'the content type names no boundary', { cause });
  }
  const form = new Form(parser, onFile, fieldSize);
  failed((error) => form.fail(error));
  return form.read(pieces(() => form.held));
}

/**
 * A form on its way. The first thing that goes wrong ends all of it: the parser, and the contents of files that are
 * being read. So the targets to which they are written are closed as well.
 *
 * Owns the parser and the contents. Each has listeners for errors as long as it lives: the parser tells of a form
 * without an end three times.
 */
class Form {
  readonly #parser: BusboyInstance;
  readonly #onFile: (part: FilePart) => unknown;
  readonly #fieldSize: number;
  readonly #fields = new Map<string, string>();
  /** The size of the fields that are whole. */
  #gathered = 0;
  /** The bytes since the part began that is on its way. What comes before it in the same piece is among them. */
  #sinceBegin = 0;
  /** The file that is on its way, or was last. */
  #file: BusboyFileStream | undefined;
  readonly #contents = new Set<Readable>();
  readonly #handled: Array<Promise<unknown>> = [];
  /** What went wrong first. */
  #failure: Error | undefined;
  /** Ends what is awaited. */
  #interrupt: (error: Error) => void = ignore;

  constructor(parser: BusboyInstance, onFile: (part: FilePart) => unknown, fieldSize: number) {
    this.#parser = parser;
    this.#onFile = onFile;
    this.#fieldSize = fieldSize;
    const tooMuch = (): void => this.fail(new HttpError(413, 'more parts than a form may have'));
    parser.on('error', (error: Error) => this.fail(asRefusal(error)));
    parser.on('fieldsLimit', tooMuch).on('filesLimit', tooMuch).on('partsLimit', tooMuch);
    parser.on('field', (name, value, _nameIsCut, isCut) => (isCut ? tooMuch() : this.#gather(name, value)));
    parser.on('file', (name, stream, filename, _encoding, type) => this.#begin(name, stream, filename, type));
  }

  /**
   * The number of bytes that are in its fields. The parser does not tell of a field before its end: it counts by what has
   * come since the last part, and is not the content of a file.
   */
  get held(): number {
    const unfinished = this.#sinceBegin - (this.#file?.bytesRead ?? 0);
    return this.#gathered + Math.min(Math.max(0, unfinished), this.#fieldSize);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#interrupt(this.#failure);
    this.#parser.destroy();
    for (const content of this.#contents) content.destroy(error);
  }

  async read(pieces: AsyncGenerator<Buffer>): Promise<Map<string, string>> {
    const finished = new Promise<void>((resolve) => this.#parser.once('finish', resolve));
    try {
      for (;;) {
        const { done, value } = await this.#unlessFailed(pieces.next());
        if (done === true) break;
        for (let at = 0; at < value.length; at += PIECE_BYTES) {
          const piece = value.subarray(at, at + PIECE_BYTES);
          const hasRoom = this.#parser.write(piece);
          this.#sinceBegin += piece.length;
          if (this.#failure !== undefined) throw this.#failure;
          if (!hasRoom) await this.#unlessFailed(drained(this.#parser));
        }
      }
      this.#parser.end();
      await this.#unlessFailed(finished);
      await this.#unlessFailed(Promise.all(this.#handled));
      return this.#fields;
    } catch (error) {
      this.fail(error as Error);
      // The body may be waiting for the client.
      pieces.return(undefined).catch(ignore);
      throw error;
    }
  }

  /** Awaits one thing at a time. A race with a promise of the failure would keep something for each piece until the form ends. */
  #unlessFailed<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure);
      this.#interrupt = reject;
      promise.then(resolve, reject);
    });
  }

  /** @param name undefined for a field without one, whatever the types of the parser say */
  #gather(name: string | undefined, value: string): void {
    this.#fields.set(name as string, value);
    this.#gathered += Buffer.byteLength(name ?? '') + Buffer.byteLength(value);
    this.#sinceBegin = 0;
    this.#file = undefined;
  }

  /**
   * Gives out a file. The content is not the parser's own stream: to destroy that would stop the parser, and errors are
   * only emitted at it.
   */
  #begin(name: string, stream: BusboyFileStream, filename: string, type: string): void {
    this.#sinceBegin = 0;
    this.#file = stream;
    const content = new PassThrough();
    this.#contents.add(content);
    stream.on('error', ignore).pipe(content);
    content.on('error', ignore).once('close', () => {
      this.#contents.delete(content);
      stream.unpipe(content);
      stream.resume();
    });
    this.#handled.push(this.#handle({ name, filename, type, content }));
  }

  async #handle(part: FilePart): Promise<void> {
    try {
      await this.#onFile(part);
    } catch (error) {
      // The first error ends everything, and is what the caller gets.
      return this.fail(error as Error);
    }
    // The content is destroyed when nothing goes on reading it.
    if (part.content.readableFlowing === null && part.content.listenerCount('readable') === 0) part.content.destroy();
  }
}

function drained(parser: BusboyInstance): Promise<void> {
  return new Promise((resolve) => parser.once('drain', resolve));
}

/** Returns the error for the client. The parser's own errors are about the form, which is the client's. */
function asRefusal(error: Error): Error {
  return error instanceof HttpError ? error : new HttpError(400, error.message, { cause: error });
}

function ignore(): void {}
