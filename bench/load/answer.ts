/** Reads HTTP/1.1 answers from a connection, byte by byte if need be. A deliberately small client: it must miss nothing. */

const HEAD_END = Buffer.from('\r\n\r\n');

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Head and body as they came. */
  readonly bytes: number;
  /** The server will close the connection, and says so. */
  readonly closes: boolean;
}

/** The request as wrk writes it. */
export function requestText(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): string {
  const lines = [`${method} ${path} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/**
 * The answer at the start of what has come so far, or undefined when it is not whole yet.
 *
 * @param ended the connection has ended: an answer without a length is then whole.
 */
export function readAnswer(received: Buffer, ended: boolean): Answer | undefined {
  const headEnd = received.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const start = headEnd + HEAD_END.length;
  const body = readBody(head, received.subarray(start), ended);
  if (body === undefined) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    body: body.text,
    bytes: start + body.bytes,
    closes: /\r\nconnection: *close/i.test(head),
  };
}

function readBody(head: string, rest: Buffer, ended: boolean): { text: string; bytes: number } | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const bytes = Number(length);
    return rest.length < bytes ? undefined : { text: rest.toString('latin1', 0, bytes), bytes };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return readChunks(rest);
  return ended ? { text: rest.toString('latin1'), bytes: rest.length } : undefined;
}

function readChunks(rest: Buffer): { text: string; bytes: number } | undefined {
  let text = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || rest.length < next) return undefined;
    if (size === 0) return { text, bytes: next };
    text += rest.toString('latin1', lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}
