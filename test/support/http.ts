/** Small clients. They open a connection for each request unless an agent is given, and never retry. */
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

/** The longest wait for an answer, because connections that are not accepted are open and silent. */
const timeout = 10_000;

/** Test certificates are self-signed. */
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

/** Returns the body of the answer, whose status must be 200. */
export async function ask(target: Target, path = '/'): Promise<string> {
  const { status, body } = await get(target, { path });
  if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
  return body;
}

export async function askTls(target: Target): Promise<string> {
  return (await get(target, { tls: true })).body;
}

/** Sends a request over HTTP/2, in a session of its own. */
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

/** Sends a line to a server that does not speak HTTP, and reads until it hangs up. */
export function askSocket(target: Target, line: string, { tls = false } = {}): Promise<string> {
  const socket = tls ? connectTls({ ...tcp(target), ...trusting }) : connectTcp(tcp(target));
  socket.write(`${line}\n`);
  return readAll(socket);
}

/** Opens a connection and sends nothing. */
export async function connected(target: Target): Promise<Socket> {
  const socket = connectTcp(tcp(target));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/**
 * A request that stays in flight as long as the test wants. `echo.js` has answered its head and first word when this
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
    // The answer is awaited later, and may fail before that.
    this.#answer.catch(() => {});
    request.on('error', () => {});
  }

  /** Ends the request. The answer should be `first last`. */
  finish(): Promise<Answer> {
    this.#request.end('last');
    return this.#answer;
  }

  /** The end of the request, without causing it. */
  get answer(): Promise<Answer> {
    return this.#answer;
  }
}

/** Asks several times, one after another, and counts the answers. Most answers are the pids of workers. */
export async function tally(times: number, question: () => Promise<string>): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let asked = 0; asked < times; asked++) {
    const answer = await question();
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return counts;
}

/** The number is far larger than needed for every worker to get a connection, even if dice spread them. */
const MOST_QUESTIONS = 2000;

/** Asks until there are this many different answers, and returns them. */
export async function distinct(answers: number, question: () => Promise<string>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let asked = 0; asked < MOST_QUESTIONS && seen.size < answers; asked++) seen.add(await question());
  if (seen.size < answers) throw new Error(`${MOST_QUESTIONS} answers came from ${[...seen].join(' and ')} alone`);
  return seen;
}

/** Waits until no process accepts at the address any more. After a close, the last one may take a moment. */
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
