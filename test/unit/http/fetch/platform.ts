/** Tries the cases of the standard with an implementation. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { request as head } from '../helpers.ts';
import { requestCases, urlCases } from './platform-requests.ts';
import { responseCases } from './platform-responses.ts';

export interface Implementation {
  /** The meaning of `new Request` and `new Response` to a handler. */
  readonly Request: typeof Request;
  readonly Response: typeof Response;
  /** Serves until `close`. */
  serve(fetch: (request: Request) => Promise<Response>): Promise<{ readonly port: number; close(): void }>;
}

export interface Result {
  readonly what: string;
  /** The error; undefined when the result is as the standard has it. */
  readonly error: unknown;
}

export async function responsesOf({ Response: Made }: Implementation): Promise<Result[]> {
  const results: Result[] = [];
  for (const { what, run } of responseCases) results.push({ what, error: await errorOf(() => run(Made)) });
  return results;
}

/** Runs the cases of requests. Each is sent by a client of its own, and looked at within its handler. */
export async function requestsOf({ Request: Made, serve }: Implementation): Promise<Result[]> {
  const echo = createServer(
    (incoming, outgoing) => void incoming.pipe(outgoing.setHeader('x-method', incoming.method!)),
  );
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
  const results: Result[] = [];
  for (const { what, sent, run } of requestCases) {
    const look = (request: Request): Promise<unknown> => errorOf(() => run(request, Made));
    results.push({ what, error: await seen(serve, sent.replace('Host: test', `Host: ${host}`), look) });
  }
  echo.close();
  echo.closeAllConnections();
  return results;
}

export async function urlsOf({ serve }: Implementation): Promise<Result[]> {
  const results: Result[] = [];
  for (const [target, host] of urlCases) {
    const isAbsolute = /^https?:/i.test(target);
    const expected = new URL(isAbsolute ? target : `http://${host}${target}`).href;
    const look = async (request: Request): Promise<unknown> => {
      const { url } = request;
      return url === expected ? undefined : new Error(`expected ${expected}, got ${url}`);
    };
    results.push({
      what: `${target} of ${host}`,
      error: await seen(serve, head(`GET ${target}`, { Host: host }), look),
    });
  }
  return results;
}

async function seen(
  serve: Implementation['serve'],
  sent: string,
  look: (request: Request) => Promise<unknown>,
): Promise<unknown> {
  let error: unknown = new Error('no handler was called');
  const { port, close } = await serve(async (request) => {
    error = await look(request);
    return new Response('seen');
  });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).write(sent);
  // The client waits until the request is answered, or refused.
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  socket.destroy();
  close();
  return error;
}

async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}
