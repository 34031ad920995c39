import type { Readable } from 'node:stream';
import type { Context } from './context.ts';
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

/**
 * Answers with a file. `@fastify/send`, which Fastify and its users keep well, does ranges, conditional requests and
 * types of content. A path that leads out of the root, a directory and a missing file are a 404.
 *
 * @param path the path within the root, percent-encoded as the path of a request is
 */
export async function sendFile(context: Context, path: string, options: FileOptions): Promise<void> {
  const { send } = await peer('@fastify/send', 'file()', () => import('@fastify/send'));
  const request = { method: context.method, headers: context.headers.toObject() } as unknown as Readable;
  const { root, maxAge = 0, dotfiles = false } = options;
  const sent = await send(request, path, { root, maxAge, dotfiles: dotfiles ? 'allow' : 'ignore', index: false });
  // The stream may fail after it has been destroyed, when the file has gone before it was opened.
  sent.stream.on('error', ignore);
  if (sent.type !== 'file') {
    sent.stream.destroy();
    if (sent.statusCode === 416) return refuseRange(context, sent.headers);
    throw new HttpError(sent.type === 'directory' || sent.statusCode === 403 ? 404 : sent.statusCode);
  }
  try {
    context.status(sent.statusCode);
    for (const [name, value] of Object.entries(sent.headers)) context.header(name, value);
    if (context.method === 'HEAD' || sent.statusCode === 304 || sent.statusCode === 412) context.end();
    else await context.stream(sent.stream as AsyncIterable<Buffer>);
  } finally {
    // The stream is open as long as it has not been read to its end.
    sent.stream.destroy();
  }
}

/** Answers 416 with the length of the file, so that the client can ask again: RFC 9110, 15.5.17. */
function refuseRange(context: Context, headers: Readonly<Record<string, string>>): void {
  context.status(416).header('Content-Range', headers['Content-Range']!).end(reasonOf(416));
}

function ignore(): void {}
