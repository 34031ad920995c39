import type { Readable } from 'node:stream';
import { HttpError } from './errors.ts';
import { peer } from './peer.ts';

/** A part of a `multipart/form-data` body that is a file. Its content has to be read, or destroyed, for the next. */
export interface FilePart {
  readonly name: string;
  readonly filename: string;
  readonly type: string;
  readonly content: Readable;
}

/** What a form may have; more is 413. */
export interface MultipartLimits {
  /** @default 100 */
  readonly fields?: number;
  /** Bytes of one that is no file. @default 65536 */
  readonly fieldSize?: number;
  /** @default 10 */
  readonly files?: number;
}

/**
 * Reads a form of several parts by `@fastify/busboy`, which Fastify and undici's users keep well. Fields are gathered,
 * files are given as they come.
 *
 * @returns the fields, when everything has been read
 */
export async function readMultipart(
  body: AsyncIterable<Buffer>,
  contentType: string,
  onFile: (part: FilePart) => unknown,
  { fields = 100, fieldSize = 65_536, files = 10 }: MultipartLimits,
): Promise<Map<string, string>> {
  const { Busboy } = await peer('@fastify/busboy', 'multipart()', () => import('@fastify/busboy'));
  const parts = new Map<string, string>();
  const limits = { fields, fieldSize, files, parts: fields + files, headerPairs: 20 };
  let parser: InstanceType<typeof Busboy>;
  try {
    parser = new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (cause) {
    throw new HttpError(400, 'the content type names no boundary', { cause });
  }
  const tooMuch = (): void => void parser.destroy(new HttpError(413, 'more parts than a form may have'));
  parser.on('fieldsLimit', tooMuch).on('filesLimit', tooMuch).on('partsLimit', tooMuch);
  parser.on('field', (name, value, _nameIsCut, isCut) => (isCut ? tooMuch() : void parts.set(name, value)));
  const handled: Array<Promise<unknown>> = [];
  parser.on('file', (name, content, filename, _encoding, type) => {
    const result = Promise.resolve().then(() => onFile({ name, filename, type, content }));
    // One that fails ends everything, and is what the caller gets.
    result.catch((error: Error) => parser.destroy(error));
    handled.push(result);
  });
  await feed(parser, body);
  await Promise.all(handled);
  return parts;
}

async function feed(parser: NodeJS.WritableStream, body: AsyncIterable<Buffer>): Promise<void> {
  const finished = new Promise<void>((resolve, reject) => {
    parser.once('finish', resolve).once('error', (error: Error) => reject(asRefusal(error)));
  });
  // Whoever awaits it later still gets it.
  finished.catch(() => undefined);
  for await (const piece of body) {
    if (!parser.write(piece)) await Promise.race([drained(parser), finished]);
  }
  parser.end();
  await finished;
}

function drained(parser: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => parser.once('drain', resolve));
}

/** What the parser itself says is about the form, which is the client's. */
function asRefusal(error: Error): Error {
  const isOurs = error instanceof HttpError || !/^(?:Unexpected end|Malformed|Multipart)/i.test(error.message);
  return isOurs ? error : new HttpError(400, error.message, { cause: error });
}
