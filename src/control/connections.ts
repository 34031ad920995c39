import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Viewer } from './controls.ts';
import { Quota } from './quota.ts';
import type { Answer, ControlRequest } from './routes.ts';

/** Of a request's body, bytes. */
const LONGEST_BODY = 65_536;

/** Of a request's head, bytes: nobody here has cookies. */
const LONGEST_HEAD = 8192;

/** For a browser that is led here: answers are what their type says, and no page of another's. */
const SAFETY = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export interface ConnectionOptions {
  readonly answer: (request: ControlRequest) => Promise<Answer>;
  /** How long a request may take to arrive, from its connection on, and an answer may lie unread, ms. */
  readonly arrivalTimeout: number;
  /** How long answers in flight may take when it is closed, ms. */
  readonly closeTimeout: number;
  /** How many there may be, where others than this user can connect. @default no limit */
  readonly most?: number;
  /** Who keeps a connection for as long as it takes. @default nobody more than others */
  readonly isTrusted?: (request: ControlRequest) => boolean;
}

/**
 * The connections of the control socket, and HTTP over them. Owns them, each with the deadline of its request; closing
 * it ends those that wait for a request, and lets answers in flight out.
 *
 * A connection carries one request: those who come are few, and none of them is idle then.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  /** All that are open. */
  readonly #open = new Set<Socket>();
  /** Those whose request is still to come, and when it is too late. */
  readonly #arriving = new Map<Socket, NodeJS.Timeout>();
  /** Answers that end only when somebody ends them. */
  readonly #following = new Set<ServerResponse>();
  readonly #quota: Quota<Socket>;
  #http: Server | undefined;
  #allClosed: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#quota = new Quota(options.most ?? Infinity);
  }

  accept(socket: Socket): void {
    // Until it is HTTP's: a client that is gone has nobody to be told.
    socket.on('error', () => {});
    const loser = this.#quota.admit(socket, socket.remoteAddress ?? '');
    loser?.destroy();
    if (loser === socket) return;
    this.#open.add(socket);
    this.#arriving.set(socket, setTimeout(cutOff, this.#options.arrivalTimeout, socket));
    socket.once('close', () => this.#forget(socket));
    socket.once('readable', () => this.#begin(socket));
  }

  /** Who follows connects again, and finds the next primary. */
  dismiss(): void {
    for (const response of this.#following) response.end();
  }

  /**
   * Settles when every connection is closed.
   *
   * @param options.isPatient answers those too whose request is still to come, if it does before the time is over.
   */
  async close({ isPatient = false }: { readonly isPatient?: boolean } = {}): Promise<void> {
    if (!isPatient) for (const socket of this.#arriving.keys()) socket.destroy();
    this.dismiss();
    const deadline = setTimeout(() => this.#destroy(), this.#options.closeTimeout);
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#allClosed = resolve));
    clearTimeout(deadline);
  }

  /** Who only looks whether somebody listens ends without a word, and needs no HTTP. */
  #begin(socket: Socket): void {
    if (socket.readableLength === 0) {
      socket.destroy();
      return;
    }
    this.#quota.advance(socket, 'asking');
    this.#http ??= this.#createHttp();
    this.#http.emit('connection', socket);
  }

  #destroy(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#quota.release(socket);
    this.#hasArrived(socket);
    if (this.#open.size === 0) this.#allClosed?.();
  }

  #hasArrived(socket: Socket): void {
    clearTimeout(this.#arriving.get(socket));
    this.#arriving.delete(socket);
  }

  /** At the first request: most primaries never see one, and node:http takes megabytes. */
  #createHttp(): Server {
    const { createServer } = process.getBuiltinModule('node:http');
    const http = createServer(
      { maxHeaderSize: LONGEST_HEAD },
      (request, response) => void this.#serve(request, response),
    );
    // Drops a second request, which may have come in the same packet; what ends the connection is in `writeHead`.
    http.maxRequestsPerSocket = 1;
    return http;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: string | undefined;
    try {
      body = await readBody(request);
    } catch {
      // It broke off, or was cut off: there is nobody to answer.
      return;
    }
    this.#hasArrived(request.socket);
    const { method = '', url = '', headers } = request;
    const { host, origin, accept, authorization, 'sec-fetch-site': fetchSite } = headers;
    const asked: ControlRequest = { method, target: url, body, host, origin, fetchSite, accept, authorization };
    this.#quota.advance(request.socket, this.#options.isTrusted?.(asked) === true ? 'trusted' : 'answered');
    const answer = await this.#options.answer(asked);
    // Gone meanwhile, which nothing would say any more.
    if (request.socket.destroyed) return;
    if (answer.follow === undefined || method === 'HEAD') this.#send(response, answer);
    else this.#follow(response, answer, answer.follow);
  }

  /** Whoever does not read it is dropped: what waits for him is the primary's memory and descriptor. */
  #send(response: ServerResponse, { status, contentType, body, headers }: Answer): void {
    const { socket } = response;
    socket?.setTimeout(this.#options.arrivalTimeout, () => socket.destroy());
    writeHead(response, status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(body);
  }

  #follow(response: ServerResponse, { status, contentType, headers }: Answer, follow: (to: Viewer) => void): void {
    this.#following.add(response);
    response.once('close', () => this.#following.delete(response));
    writeHead(response, status, { 'content-type': contentType, ...headers });
    response.flushHeaders();
    follow(response);
  }
}

function cutOff(socket: Socket): void {
  socket.write(TOO_LATE);
  socket.destroySoon();
}

/** Reads to the end also what is too long, for a client that cannot send may not look at the answer. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LONGEST_BODY) chunks.push(chunk);
  }
  return length <= LONGEST_BODY ? Buffer.concat(chunks).toString() : undefined;
}

function writeHead(response: ServerResponse, status: number, headers: OutgoingHttpHeaders): void {
  response.shouldKeepAlive = false;
  response.writeHead(status, { 'cache-control': 'no-store', ...SAFETY, ...headers });
}
