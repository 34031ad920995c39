import { randomBytes, randomInt } from 'node:crypto';
import type { Answer } from './answer.ts';
import { Lost } from './loss.ts';

/** A request as it was sent. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * A request of the load.
 *
 * @example
 * { method: 'POST', path: '/orders', headers: { 'content-type': 'application/json' }, body: '{"item":1}', status: 201 }
 */
export interface LoadRequest {
  /** The method. @default 'GET' */
  readonly method?: string | undefined;
  /** The path with the query. @default '/' */
  readonly path?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The body. A number stands for that many random bytes, different for each request. @default none */
  readonly body?: string | Uint8Array | number | undefined;
  /** The status that the answer must have. @default any below 500 */
  readonly status?: number | undefined;
  /**
   * Checks the answer and throws when it is wrong, as the functions of node:assert do. The function must be
   * synchronous. It never sees an answer that is not whole.
   *
   * @example check: ({ body }) => assert.equal(body.toString(), 'Hello')
   */
  readonly check?: ((answer: Answer, sent: Sent) => void) | undefined;
}

/** The protocol. `http2` is h2c without an upgrade from HTTP/1.1; with TLS it is h2. */
export type Protocol = 'http1' | 'http2';

/**
 * The requests when none were given. Every application answers them somehow, if only with a 404. HTTP/2 has no POST
 * here, because node:http2 ends sessions (ENHANCE_YOUR_CALM) when bodies arrive that the application has not read.
 */
export const defaultRequests: Readonly<Record<Protocol, readonly LoadRequest[]>> = {
  http1: [{}, { method: 'POST', body: 16_384 }],
  http2: [{}],
};

/**
 * A `check` for applications that answer with what they were sent.
 *
 * @example requests: [{ method: 'POST', path: '/echo', body: 16_384, check: isEcho }]
 */
export function isEcho({ body }: Answer, sent: Sent): void {
  if (body.equals(sent.body)) return;
  const at = body.findIndex((byte, index) => byte !== sent.body[index]);
  const where = at < 0 ? 'is shorter or longer' : `differs at byte ${at}`;
  throw new Error(`expected the ${sent.body.length} bytes that were sent, got ${body.length}; the answer ${where}`);
}

/** Prepares a request for sending. */
export function prepare({ method = 'GET', path = '/', headers = {}, body }: LoadRequest): Sent {
  return { method, path, headers, body: toBytes(body) };
}

/** Judges an answer, and throws Lost when it is not what the request wants. */
export function judge({ status, check }: LoadRequest, answer: Answer, sent: Sent): void {
  if (status === undefined ? answer.status >= 500 : answer.status !== status) {
    const wanted = status ?? 'a status below 500';
    throw new Lost('status', `expected ${wanted}, got ${answer.status}: ${excerpt(answer.body)}`);
  }
  try {
    // JavaScript code may return anything.
    const returned: unknown = check?.(answer, sent);
    if (returned instanceof Promise) throw new Error('check returned a promise; it has to be synchronous');
  } catch (error) {
    throw new Lost('wrong', error instanceof Error ? error.message : String(error));
  }
}

/** Returns the name of a request in reports. */
export function nameOf({ method = 'GET', path = '/' }: LoadRequest): string {
  return `${method} ${path}`;
}

/** Random bodies are cut out of this buffer. New random bytes each time would cost more than sending them. */
let noise = Buffer.alloc(0);

function toBytes(body: LoadRequest['body']): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (typeof body === 'number') return randomBody(body);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function randomBody(length: number): Buffer {
  if (noise.length < length * 2) noise = randomBytes(Math.max(length * 2, 65_536));
  const start = randomInt(noise.length - length + 1);
  return noise.subarray(start, start + length);
}

function excerpt(body: Buffer): string {
  return JSON.stringify(body.toString('utf8', 0, 200));
}
