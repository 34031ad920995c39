/** Requests by chance, and what their answers have to be. */
import { createHash } from 'node:crypto';
import type { Random } from '../../support/random.ts';
import type { Answer } from './answers.ts';

export interface Request {
  readonly id: string;
  readonly head: Buffer;
  readonly body: Buffer;
  /** The body waits for `100 Continue`. */
  readonly expects: boolean;
  readonly answerSize: number;
  readonly hash: string;
}

export function requestBy(random: Random, id: string, mayExpect: boolean): Request {
  const hasBody = random.chance(0.5);
  const content = Buffer.alloc(hasBody ? sizeBy(random) : 0, `>${id}`);
  // A server need not ask for a body that is empty.
  const expects = content.length > 0 && mayExpect && random.chance(0.15);
  const isChunked = hasBody && random.chance(0.3);
  const answerSize = sizeBy(random);
  const wait = random.chance(0.1) ? random.between(1, 20) : 0;
  const query = `size=${answerSize}&parts=${random.between(1, 8)}&chunked=${random.between(0, 1)}&wait=${wait}`;
  const lines = [`${hasBody ? 'POST' : 'GET'} /${id}?${query} HTTP/1.1`, 'Host: localhost'];
  if (hasBody) lines.push(isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${content.length}`);
  if (expects) lines.push('Expect: 100-continue');
  return {
    id,
    head: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    body: isChunked ? chunked(content, random) : content,
    expects,
    answerSize,
    hash: createHash('sha1').update(content).digest('hex'),
  };
}

/**
 * @param mayClose the client has sent its end, or the server leaves: then it may say that it closes the connection
 * @returns what is wrong about it.
 */
export function faultOf(answer: Answer, { id, answerSize, hash }: Request, mayClose: boolean): string | undefined {
  const { status, fields, body } = answer;
  if (status !== 200) return `status ${status}`;
  if (fields.get('x-id') !== id) return `the answer of ${fields.get('x-id')}`;
  if (fields.get('x-got') !== hash) return 'another body was read than was sent';
  if (!body.equals(Buffer.alloc(answerSize, `${id}|`))) return `another body than was written, of ${body.length} bytes`;
  if (!mayClose && fields.get('connection') === 'close') return 'Connection: close';
  return undefined;
}

/** Most are small, one in fifty is big. */
function sizeBy(random: Random): number {
  if (random.chance(0.02)) return random.between(100_000, 500_000);
  return random.chance(0.2) ? random.between(1000, 40_000) : random.between(0, 300);
}

function chunked(content: Buffer, random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const size = Math.min(content.length - at, random.between(1, Math.max(16, content.length)));
    parts.push(Buffer.from(`${size.toString(16)}\r\n`), content.subarray(at, at + size), Buffer.from('\r\n'));
    at += size;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
