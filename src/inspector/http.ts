/**
 * The little HTTP that the inspector needs: one GET, and the upgrade to a WebSocket. `node:http` would cost the primary
 * 14 MB and stay in its memory.
 */
import { connect, type Socket } from 'node:net';
import { inTime, InspectorError } from './error.ts';

/** The address on which an inspector listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Response {
  readonly status: number;
  /** The headers, with names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The bytes that came after the head. */
  readonly rest: Buffer;
}

const END_OF_HEAD = '\r\n\r\n';
/** The length of a head, and of a body. */
const LONGEST_PART_BYTES = 64 * 1024;
const NO_ANSWER = 'its inspector does not answer';

/**
 * Connects and sends the request. From then on the connection belongs to the caller.
 *
 * @param signal ends the wait for the answer.
 */
export async function request(
  { host, port }: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ socket: Socket; response: Response }> {
  const socket = connect({ host, port });
  // The inspector refuses a host name, to keep web pages from reaching it by DNS rebinding. So the request names the
  // address.
  const lines = Object.entries({ Host: `${bracketed(host)}:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write([`GET ${path} HTTP/1.1`, ...lines].join('\r\n') + END_OF_HEAD);
  try {
    return { socket, response: await inTime(readHead(socket), signal, NO_ANSWER) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Sends a GET and parses the answer.
 *
 * @throws InspectorError unless the answer is 200 and JSON.
 */
export async function getJson(endpoint: Endpoint, path: string, signal: AbortSignal): Promise<unknown> {
  const { socket, response } = await request(endpoint, path, { Connection: 'close' }, signal);
  try {
    const length = Number(response.headers.get('content-length'));
    if (response.status !== 200 || !(length <= LONGEST_PART_BYTES))
      throw new InspectorError(`GET ${path} was answered ${response.status}`);
    const isWhole = (bytes: Buffer): boolean => bytes.length >= length;
    const body = await inTime(readUntil(socket, response.rest, isWhole), signal, NO_ANSWER);
    return JSON.parse(body.toString('utf8')) as unknown;
  } finally {
    socket.destroy();
  }
}

async function readHead(socket: Socket): Promise<Response> {
  const bytes = await readUntil(socket, Buffer.alloc(0), (read) => read.includes(END_OF_HEAD));
  const end = bytes.indexOf(END_OF_HEAD);
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = new Map(lines.map((line) => toHeader(line)));
  return { status: Number(statusLine.split(' ')[1]), headers, rest: bytes.subarray(end + END_OF_HEAD.length) };
}

function toHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** Reads until there is enough. The result includes the bytes beyond that. */
function readUntil(socket: Socket, start: Buffer, isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
  if (isEnough(start)) return Promise.resolve(start);
  return new Promise((resolve, reject) => {
    let bytes = start;
    const finish = (error?: Error): void => {
      socket.off('data', onData).off('error', finish).off('close', onClose).pause();
      // The next owner of the socket adds its listeners only in the next turn, so errors until then must not be fatal.
      socket.on('error', () => {});
      if (error === undefined) resolve(bytes);
      else reject(error);
    };
    const onClose = (): void => finish(new InspectorError('its inspector hung up'));
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      if (isEnough(bytes)) finish();
      else if (bytes.length > LONGEST_PART_BYTES)
        finish(new InspectorError('the program that listens there is not an inspector'));
    };
    socket.on('data', onData).on('error', finish).on('close', onClose).resume();
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
