/**
 * The little HTTP that the inspector needs: one GET, and the upgrade to a WebSocket. `node:http` would cost the primary
 * 14 MB for it, and there it would stay.
 */
import { connect, type Socket } from 'node:net';
import { inTime, InspectorError } from './error.ts';

/** Where an inspector listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Response {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** What came after the head. */
  readonly rest: Buffer;
}

const END_OF_HEAD = '\r\n\r\n';
/** Of a head, and of a body. */
const LONGEST = 64 * 1024;
const NO_ANSWER = 'its inspector does not answer';

/**
 * Connects and asks. From then on the connection is the caller's.
 *
 * @param signal the answer is waited for no longer.
 */
export async function request(
  { host, port }: Endpoint,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ socket: Socket; response: Response }> {
  const socket = connect({ host, port });
  // The inspector answers nobody who comes under a name, lest a web page reach it by DNS rebinding.
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

/** @throws InspectorError unless the answer is 200 and JSON. */
export async function getJson(endpoint: Endpoint, path: string, signal: AbortSignal): Promise<unknown> {
  const { socket, response } = await request(endpoint, path, { Connection: 'close' }, signal);
  try {
    const length = Number(response.headers.get('content-length'));
    if (response.status !== 200 || !(length <= LONGEST))
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

/** Reads on until there is enough. What was read beyond that is returned with it. */
function readUntil(socket: Socket, start: Buffer, isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
  if (isEnough(start)) return Promise.resolve(start);
  return new Promise((resolve, reject) => {
    let bytes = start;
    const settle = (error?: Error): void => {
      socket.off('data', onData).off('error', settle).off('close', onClose).pause();
      // Who takes the socket over listens to it from the next turn on.
      socket.on('error', () => {});
      if (error === undefined) resolve(bytes);
      else reject(error);
    };
    const onClose = (): void => settle(new InspectorError('its inspector hung up'));
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      if (isEnough(bytes)) settle();
      else if (bytes.length > LONGEST) settle(new InspectorError('what listens there is no inspector'));
    };
    socket.on('data', onData).on('error', settle).on('close', onClose).resume();
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
