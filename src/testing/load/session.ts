import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Answer } from './answer.ts';
import { Deadline } from './deadline.ts';
import { Lost, lossOf } from './loss.ts';
import type { Sent } from './request.ts';
import { open, type ConnectionEvents, type ConnectionHistory, type Route } from './route.ts';

/**
 * The server has not begun to process the request, and says so. RFC 9113, section 8.7, allows any client to send it
 * again.
 */
export class Refused extends Error {
  /** True when the request was on its way. Otherwise this process took it back because its session was closing. */
  readonly wasSent: boolean;

  constructor(message: string, wasSent: boolean) {
    super(message);
    this.wasSent = wasSent;
  }
}

/** Errors of node:http2 for a stream that never left this process, because its session was told to go away before. */
const unsent: ReadonlySet<string> = new Set([
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_STREAM_CANCEL',
]);

/** An HTTP/2 session with any number of concurrent streams. The object owns its socket, and `end` destroys it. */
export class Session {
  readonly #session: ClientHttp2Session;
  readonly #openedAt = performance.now();
  readonly #timeout: number;
  #requests = 0;
  #localPort: number | undefined;
  /** True when the server has sent GOAWAY. */
  #isLeaving = false;
  /** True when the end has a known reason: we ended the session, or a request on it failed. */
  #isExplained = false;

  constructor(route: Route, events: ConnectionEvents) {
    this.#timeout = route.timeout;
    const socket: Socket = open(route, 'h2');
    events.opened();
    this.#session = connect('http://localhost', { createConnection: () => socket });
    socket.once('connect', () => (this.#localPort = socket.localPort));
    this.#session.on('goaway', () => (this.#isLeaving = true));
    // Each stream gets the error too.
    this.#session.on('error', () => {});
    this.#session.once('close', () => {
      if (!this.#isExplained && !this.#isLeaving) events.closedIdle();
    });
  }

  /** True when the session takes no further request. */
  get isOver(): boolean {
    return this.#isLeaving || this.#session.closed || this.#session.destroyed;
  }

  get history(): ConnectionHistory {
    return { age: performance.now() - this.#openedAt, requests: this.#requests, localPort: this.#localPort };
  }

  /** Sends the request and waits for its answer. The promise rejects with Lost or Refused. */
  ask(sent: Sent): Promise<Answer> {
    this.#requests++;
    const { method, path, headers, body } = sent;
    const fields = { ':method': method, ':path': path, ':authority': 'localhost', ...headers };
    const stream = this.#session.request(fields, { endStream: body.length === 0 });
    if (body.length > 0) stream.end(body);
    return this.#answer(stream);
  }

  end(): void {
    this.#isExplained = true;
    this.#session.destroy();
  }

  #answer(stream: ClientHttp2Stream): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let head: Omit<Answer, 'body'> | undefined;
      let error: Error | undefined;
      let wasSent = true;
      const chunks: Buffer[] = [];
      const deadline = new Deadline(this.#timeout, () => {
        reject(new Lost('timeout', `no whole answer within ${this.#timeout} ms`));
        stream.close(constants.NGHTTP2_CANCEL);
      });
      stream.once('response', (headers) => (head = toHead(headers)));
      stream.on('data', (bytes: Buffer) => chunks.push(bytes));
      stream.once('error', (reason) => (error = reason));
      // After GOAWAY, nghttp2 does not send frames that are still queued. It reports `frameError` instead, so this request
      // was never sent.
      stream.once('frameError', () => (wasSent = false));
      stream.once('close', () => {
        deadline.close();
        const isWhole = error === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR && stream.readableEnded;
        if (head !== undefined && isWhole) resolve({ ...head, body: Buffer.concat(chunks) });
        else reject(this.#explain(stream, error, { started: head !== undefined, wasSent }));
      });
    });
  }

  #explain(
    stream: ClientHttp2Stream,
    error: Error | undefined,
    { started, wasSent }: { started: boolean; wasSent: boolean },
  ): Lost | Refused {
    const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
    this.#isExplained = true;
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) {
      return new Refused('REFUSED_STREAM', wasSent);
    }
    if (this.#isLeaving && code !== undefined && unsent.has(code)) return new Refused(message, false);
    if (error === undefined) return new Lost(started ? 'cut' : 'closed', 'the server closed the connection');
    // The failure of a session that was not established yet is the cause of its streams' errors.
    if (error.cause instanceof Error) return lossOf(error.cause, started);
    // The server ended the stream or session by an error code.
    if (code?.startsWith('ERR_HTTP2_') === true) return new Lost(started ? 'cut' : 'reset', error.message);
    return lossOf(error, started);
  }
}

function toHead(headers: object): Omit<Answer, 'body'> {
  const fields = Object.entries(headers as Record<string, string | number | readonly string[]>);
  const plain = fields.filter(([name]) => !name.startsWith(':')).map(([name, value]) => [name, String(value)] as const);
  return { status: Number((headers as { ':status'?: number })[':status']), headers: Object.fromEntries(plain) };
}
