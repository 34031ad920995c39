import type { Readable } from 'node:stream';
import { HttpError } from '../protocol/errors.ts';
import { peer } from './peer.ts';
import { reasonOf } from '../protocol/status.ts';

/** The way in which a file is sent. */
export interface FileOptions {
  /** The directory of the path, which cannot lead out of it. */
  readonly root: string;
  /** The time for which the file may be cached, ms. @default 0 */
  readonly maxAge?: number;
  /** Whether a file whose name starts with a dot exists to the client. @default false */
  readonly dotfiles?: boolean;
}

/** A file as a response. A body that is a stream is open until its owner destroys it. */
export interface FileResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | string;
}

/**
 * Opens a file for a response. `@fastify/send`, which Fastify and its users keep well, does ranges, conditional requests
 * and types of content. A range that the file does not have is a response without its body: its length is told, so that
 * the client can ask again (RFC 9110, 15.5.17).
 *
 * @param path the path within the root, percent-encoded as the path of a request is
 * @throws HttpError 404 for a path that leads out of the root, a directory and a missing file
 */
export async function openFile(
  method: string,
  headers: Readonly<Record<string, string>>,
  path: string,
  { root, maxAge = 0, dotfiles = false }: FileOptions,
): Promise<FileResponse> {
  const { send } = await peer('@fastify/send', 'file()', () => import('@fastify/send'));
  const request = { method, headers } as unknown as Readable;
  const sent = await send(request, path, { root, maxAge, dotfiles: dotfiles ? 'allow' : 'ignore', index: false });
  const { stream, statusCode: status } = sent;
  // The stream may fail after it has been destroyed, when the file has gone before it was opened.
  stream.on('error', ignore);
  if (sent.type === 'file' && method !== 'HEAD' && status !== 304 && status !== 412) {
    return { status, headers: sent.headers, body: stream };
  }
  // The stream is open as long as it has not been read to its end.
  stream.destroy();
  if (sent.type === 'file') return { status, headers: sent.headers, body: '' };
  if (status === 416) {
    const { 'Content-Range': range } = sent.headers;
    return { status, headers: { 'Content-Range': range! }, body: reasonOf(416) };
  }
  throw new HttpError(sent.type === 'directory' || status === 403 ? 404 : status);
}

function ignore(): void {}
