/** Small clients: a new connection for each request unless an agent is given, and nothing that retries. */
import { connect as connectHttp2 } from 'node:http2';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Target } from './app.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Longest wait for an answer, ms: connections that nobody accepts are open, and silent. */
const timeout = 10_000;

/** Test certificates are signed by themselves. */
const trusting = { rejectUnauthorized: false };

export function get(target: Target, options: RequestOptions & { tls?: boolean } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { tls = false, ...rest } = options;
    const request = (tls ? httpsRequest : httpRequest)({ ...target, agent: false, ...trusting, timeout, ...rest });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${timeout} ms`)));
    request.once('error', reject).once('response', (response) => readAnswer(response).then(resolve, reject));
    request.end();
  });
}

/** The body of the answer, which has to be 200. */
export async function ask(target: Target, path = '/'): Promise<string> {
  const { status, body } = await get(target, { path });
  if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
  return body;
}

export async function askTls(target: Target): Promise<string> {
  return (await get(target, { tls: true })).body;
}

/** A request over HTTP/2, in a session of its own. */
export function askHttp2(target: Target, protocol: 'http:' | 'https:'): Promise<string> {
  return new Promise((resolve, reject) => {
    const { host, port } = target as { host: string; port: number };
    const session = connectHttp2(`${protocol}//${host}:${port}`, trusting);
    session.once('error', reject);
    const stream = session.request({ ':path': '/' });
    stream.once('error', reject);
    readAll(stream)
      .then(resolve, reject)
      .finally(() => session.close());
  });
}

/** Sends a line to a server that is not HTTP, and reads until it hangs up. */
export function askSocket(target: Target, line: string, { tls = false } = {}): Promise<string> {
  const socket = tls ? connectTls({ ...tcp(target), ...trusting }) : connectTcp(tcp(target));
  socket.write(`${line}\n`);
  return readAll(socket);
}

/** A connection and nothing on it. */
export async function connected(target: Target): Promise<Socket> {
  const socket = connectTcp(tcp(target));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/**
 * A request that is in flight for as long as the test wants: `echo.js` has answered its head and first word when this
 * settles, and ends its answer when the request ends.
 */
export class Exchange {
  readonly headers: IncomingHttpHeaders;
  readonly #request: ReturnType<typeof httpRequest>;
  readonly #answer: Promise<Answer>;

  static open(target: Target): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ ...target, agent: false, method: 'POST' });
      request.once('error', reject).once('response', (response) => resolve(new Exchange(request, response)));
      request.write('first ');
    });
  }

  private constructor(request: ReturnType<typeof httpRequest>, response: IncomingMessage) {
    this.headers = response.headers;
    this.#request = request;
    this.#answer = readAnswer(response);
    // It is awaited later, and may fail before.
    this.#answer.catch(() => {});
    request.on('error', () => {});
  }

  /** Ends the request. The answer should be `first last`. */
  finish(): Promise<Answer> {
    this.#request.end('last');
    return this.#answer;
  }

  /** How it ended, without ending it. */
  get answer(): Promise<Answer> {
    return this.#answer;
  }
}

/** Asks so many times, one after another, and counts the answers: mostly the pids of those who gave them. */
export async function tally(times: number, question: () => Promise<string>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let asked = 0; asked < times; asked++) {
    const answer = await question();
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return counts;
}

/** Far more than it takes until every worker has had a connection, were they spread by throwing dice. */
const MOST_QUESTIONS = 2000;

/** Asks until so many different answers came, and returns them. */
export async function distinct(answers: number, question: () => Promise<string>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let asked = 0; asked < MOST_QUESTIONS && seen.size < answers; asked++) seen.add(await question());
  if (seen.size < answers) throw new Error(`${MOST_QUESTIONS} answers came from ${[...seen].join(' and ')} alone`);
  return seen;
}

/** Settles when nobody accepts at the address any more: after a close, the last to know may take a moment. */
export async function untilRefused(target: Target): Promise<void> {
  for (let attempt = 0; attempt < MOST_QUESTIONS; attempt++) {
    const code = await ask(target).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (code === 'ECONNREFUSED') return;
  }
  throw new Error('connections are still accepted');
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  return { status: response.statusCode!, headers: response.headers, body: await readAll(response) };
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function tcp(target: Target): { host: string; port: number } | { path: string } {
  return 'socketPath' in target ? { path: target.socketPath } : target;
}
