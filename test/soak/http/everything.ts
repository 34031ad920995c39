/** A server with a handler of every kind, whose answers have the requested length. */
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HttpError, Server, type Context, type ServerOptions } from '../../../src/http.ts';
import { servedBy } from '../../../src/http/server/served.ts';

/** The server's report about itself. */
export interface ServerState {
  readonly connections: number;
  readonly inFlight: number;
  readonly descriptors: number;
  readonly heapMB: number;
  readonly rssMB: number;
  readonly uncaught: readonly string[];
  readonly logged: readonly string[];
}

/** The message of an intended failure. */
const MIDWAY = 'midway';
const PIECE_BYTES = 16 * 1024;
/** The memory for bodies is four times what all clients can have under way, so that a leak causes a 503. */
const BODY_MEMORY_BYTES = 64 * 1024 * 1024;

/** The lengths of answers. The server has a file of each length, too. */
export const LENGTHS: readonly number[] = [0, 1, 900, 20_000, 200_000, 2_000_000];

const folder = process.argv[2] === 'server' ? mkdtempSync(join(tmpdir(), 'prefork-soak-')) : '';
let uploads = 0;

/** The handlers by path. Each gets the content of its answer, which the query selects. */
const handlers: Readonly<Record<string, (ctx: Context, content: Buffer) => unknown>> = {
  '/callback': (ctx, content) => void setTimeout(() => ctx.end(content), wait()),
  '/promise': async (ctx, content) => (await delay(wait()), ctx.end(content.toString())),
  '/now': (ctx, content) => ctx.end(content),
  '/blob': (ctx, content) => ctx.end(new Blob([content])),
  '/stream': (ctx, content) => ctx.stream(pieces(content)),
  '/node-stream': (ctx, content) => ctx.stream(Readable.from(pieces(content))),
  '/unreturned': (ctx, content) => void ctx.stream(pieces(content)),
  '/write': async (ctx, content) => {
    for await (const piece of pieces(content)) if (!ctx.write(piece)) await ctx.drained();
    ctx.end();
  },
  '/fails': (ctx, content) => ctx.stream(failing(content)),
  '/file': (ctx, content) => ctx.file(`/${content.length}`, { root: folder }),
  '/multipart': async (ctx, content) => {
    await ctx.body.multipart(async (part) => {
      const path = join(folder, `upload-${++uploads}`);
      try {
        await pipeline(part.content, createWriteStream(path));
      } finally {
        await unlink(path).catch(() => undefined);
      }
    });
    ctx.end(content);
  },
  '/upload': async (ctx, content) => {
    let size = 0;
    for await (const piece of ctx.body) size += piece.length;
    ctx.header('X-Size', size).end(content);
  },
};

export const HANDLER_PATHS: readonly string[] = Object.keys(handlers);

const fetches: Readonly<Record<string, (request: Request, content: Buffer) => Response | Promise<Response>>> = {
  '/text': (_request, content) => new Response(content.toString()),
  '/later': async (_request, content) => (await delay(wait()), new Response(content)),
  '/stream': (_request, content) => new Response(ReadableStream.from(pieces(content))),
  '/body': async (request, content) => (await request.arrayBuffer(), new Response(content)),
  '/fails': (_request, content) => new Response(ReadableStream.from(failing(content))),
};

export const FETCH_PATHS: readonly string[] = Object.keys(fetches);

/** Serves until its parent leaves. It sends `[port of handlers, port of fetch]`, and its state whenever it is asked. */
export async function serveEverything(): Promise<void> {
  for (const length of LENGTHS) writeFileSync(join(folder, String(length)), Buffer.alloc(length, 'x'));
  const uncaught: string[] = [];
  const logged: string[] = [];
  process.on('uncaughtException', (error, origin) => void uncaught.push(`${origin}: ${error.stack ?? error.message}`));
  const error = (message: string, cause?: unknown): void => {
    if ((cause as Error | undefined)?.message !== MIDWAY) logged.push(`${message}: ${(cause as Error)?.stack}`);
  };
  const options: ServerOptions = {
    logger: { error },
    idleTimeout: 1000,
    handlerTimeout: 5000,
    maxBodyMemory: BODY_MEMORY_BYTES,
  };
  const servers = [
    new Server({
      ...options,
      streamRequestBody: true,
      // Other programs may ask on a port of this machine.
      handler: (ctx) => (handlers[ctx.path] ?? unknown)(ctx, contentFor(ctx.query)),
    }),
    new Server({
      ...options,
      fetch(request) {
        const url = new URL(request.url);
        return (fetches[url.pathname] ?? unknown)(request, contentFor(url.searchParams));
      },
    }),
  ];
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  process.on('message', () => void tell(servers, uncaught, logged));
  process.on('disconnect', () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit();
  });
  process.send!(servers.map((server) => (server.address() as AddressInfo).port));
}

async function tell(servers: readonly Server[], uncaught: string[], logged: string[]): Promise<void> {
  let [connections, inFlight] = [0, 0];
  for (const server of servers) {
    const served = servedBy(server)!;
    connections += await new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    inFlight += served.started - served.finished;
  }
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await delay(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const state: ServerState = {
    connections,
    inFlight,
    descriptors: readdirSync('/proc/self/fd').length,
    heapMB: Math.round((heapUsed + external) / 1e5) / 10,
    rssMB: Math.round(rss / 1e6),
    uncaught: uncaught.splice(0),
    logged: logged.splice(0),
  };
  process.send!(state);
}

function unknown(): never {
  throw new HttpError(404);
}

function contentFor(query: URLSearchParams): Buffer {
  return Buffer.alloc(Number(query.get('length')), query.get('letter') ?? 'x');
}

function wait(): number {
  return Math.random() * 15;
}

async function* pieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    if (Math.random() < 0.2) await delay(1);
    yield content.subarray(at, at + PIECE_BYTES);
  }
}

async function* failing(content: Buffer): AsyncGenerator<Buffer> {
  yield* pieces(content);
  await delay(1);
  throw new Error(MIDWAY);
}
