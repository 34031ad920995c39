import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';
import { servedBy } from '../../http/server/served.ts';

/** The events by which servers of Node's give a request to the application. */
const OF_HTTP1: readonly unknown[] = ['request', 'checkContinue', 'checkExpectation'];
const OF_HTTP2 = 'stream';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Answers requests for one path (`--health-path`) in place of the application, on each of its servers: whether the whole server is
 * ready. The application's own listeners stay as they are, and see none of these requests.
 */
export class HealthAnswers {
  readonly #path: string;
  readonly #unready: () => string | undefined;
  readonly #known = new WeakSet<Server>();

  /** @param unready says why the server is not ready, or undefined */
  constructor(path: string, unready: () => string | undefined) {
    this.#path = path;
    this.#unready = unready;
  }

  /** Answers on this server from now on. Servers that do not speak HTTP are left alone. */
  serve(server: Server): void {
    if (this.#known.has(server)) return;
    this.#known.add(server);
    const served = servedBy(server);
    if (served !== undefined) served.answerFirst?.(this.#path, () => this.#answer());
    else if ('headersTimeout' in server || 'updateSettings' in server) this.#precede(server);
  }

  /** Looks at each request before the listeners of the application. */
  #precede(server: Server): void {
    const original = server.emit.bind(server);
    const emit: Emit = (event, ...args) => this.#isAnswered(event, args) || original(event, ...args);
    Object.defineProperty(server, 'emit', { value: emit, configurable: true, writable: true });
  }

  #isAnswered(event: string | symbol, args: readonly unknown[]): boolean {
    if (event === OF_HTTP2) return this.#answerHttp2(...(args as [ServerHttp2Stream, IncomingHttpHeaders]));
    return OF_HTTP1.includes(event) && this.#answerHttp1(...(args as [IncomingMessage, ServerResponse]));
  }

  #answerHttp1({ method, url }: IncomingMessage, response: ServerResponse): boolean {
    if (!this.#isFor(method, url)) return false;
    const { status, body } = this.#answer();
    response.writeHead(status, { ...HEADERS, 'content-length': body.length }).end(body);
    return true;
  }

  #answerHttp2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const { ':method': method, ':path': path } = headers;
    if (!this.#isFor(method, path)) return false;
    // A client may leave at any moment. Without a listener, that would be an uncaught error.
    stream.on('error', () => {});
    if (stream.destroyed || stream.closed) return true;
    const { status, body } = this.#answer();
    stream.respond({ ':status': status, ...HEADERS }, { endStream: method === 'HEAD' });
    if (method !== 'HEAD') stream.end(body);
    return true;
  }

  #isFor(method: string | undefined, target: string | undefined): boolean {
    return (method === 'GET' || method === 'HEAD') && target?.split('?', 1)[0] === this.#path;
  }

  #answer(): Answer {
    const unready = this.#unready();
    return unready === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `${unready}\n` };
  }
}
