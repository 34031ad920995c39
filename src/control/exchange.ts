import type { Socket } from 'node:net';

/** A request over the control socket. */
export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  /** How long the whole answer may take, in ms. Without it the client waits as long as the server runs. */
  readonly patience?: number;
}

/** The length of an answer in characters. A character that is parsed as JSON can cost fifty bytes. */
const LONGEST_ANSWER = 4_194_304;

/**
 * Sends a request and returns the body of the answer, whatever its status. The request is HTTP/1.0, whose answers end
 * with their connection. So the commands do without node:http, which takes longer to load than the server takes to
 * answer.
 *
 * @param socket a socket that is being connected. It is closed when the promise settles.
 * @param longest the most characters of the answer
 * @throws Error with the code of the connection's error, `ETIMEDOUT`, or `ECONNRESET` when the answer breaks off.
 */
export function exchange(
  socket: Socket,
  { method, path, body, patience = 0 }: Question,
  longest: number = LONGEST_ANSWER,
): Promise<string> {
  const content = body === undefined ? '' : JSON.stringify(body);
  const head = `${method} ${path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(content)}\r\n\r\n`;
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (message: string, code?: string): void => {
      socket.destroy(Object.assign(new Error(message), code !== undefined && { code }));
    };
    // The whole answer counts and not each silence, because a hostile server could send a byte at a time for ever.
    const timer = patience === 0 ? undefined : setTimeout(fail, patience, 'too late', 'ETIMEDOUT');
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.length > longest) fail('its answer does not end');
    });
    socket.once('end', () => {
      if (text !== '' && !isHttp(text)) return fail('it does not speak HTTP');
      const answer = bodyOf(text);
      if (answer === undefined) return fail('the answer broke off', 'ECONNRESET');
      resolve(answer);
      socket.destroy();
    });
    socket.on('error', reject).once('close', () => {
      clearTimeout(timer);
      // A socket can close without an error and without an end. This settles nothing where the promise is settled.
      reject(Object.assign(new Error('the connection closed'), { code: 'ECONNRESET' }));
    });
    socket.write(head + content);
  });
}

function isHttp(text: string): boolean {
  return 'HTTP/1.'.startsWith(text.slice(0, 7));
}

/** @returns undefined when the answer is not complete. */
function bodyOf(text: string): string | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const body = text.slice(end + 4);
  const length = /^content-length: *(\d+) *$/im.exec(text.slice(0, end))?.[1];
  return length === undefined || Buffer.byteLength(body) === Number(length) ? body : undefined;
}
