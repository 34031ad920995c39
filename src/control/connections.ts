import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Viewer } from './controls.ts';
import { Gathered } from '../sockets/gathered.ts';
import { Quota, SAFE_MS } from './quota.ts';
import type { Answer, ControlRequest, Gate, RequestHead } from './routes.ts';

/** The length of a request's body. */
const LONGEST_BODY_BYTES = 65_536;

/** So many requests behind the first one of a connection are left unanswered. Each is an object, until the first has its answer. */
const MOST_DROPPED = 16;

/** The length of a request's head. Clients here send no cookies. */
const LONGEST_HEAD_BYTES = 8192;

/** Protects a browser that is led here: the type of an answer is binding, and no foreign page may embed it. */
const SAFETY = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const TOO_LATE = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export interface ConnectionOptions {
  readonly answer: (request: ControlRequest) => Promise<Answer>;
  /** How long a request may take to arrive after its connection, and how long an answer may lie unread, in ms. */
  readonly arrivalTimeout: number;
  /** How long answers in flight may take when the server closes, in ms. */
  readonly closeTimeout: number;
  /** The number of connections, where other users can connect. @default no limit */
  readonly most?: number;
  /** Tells from the head whether the body is read, and whether the sender may keep a connection as long as the request takes. */
  readonly gate: Pick<Gate, 'refuse' | 'isTrusted'>;
}

/**
 * The connections of the control socket, with HTTP on them. The object owns them, each with the deadline of its
 * request. Closing it ends the connections that wait for a request, and lets answers in flight finish.
 *
 * A connection carries one request. Clients are few, and this way none of them is idle.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  /** All open connections. */
  readonly #open = new Set<Socket>();
  /** Connections whose request has not arrived, each with its deadline. */
  readonly #arriving = new Map<Socket, NodeJS.Timeout>();
  /** Answers that last until the client or this object ends them. */
  readonly #following = new Set<ServerResponse>();
  /** Requests that were dropped, of each connection that had some. */
  readonly #dropped = new WeakMap<Socket, number>();
  readonly #quota: Quota<Socket>;
  #isSettling = false;
  #http: Server | undefined;
  #allClosed: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#quota = new Quota(options.most ?? Infinity);
  }

  accept(socket: Socket): void {
    // This listener serves until node:http takes over. A client that is gone needs no answer.
    socket.on('error', () => {});
    const loser = this.#quota.admit(socket, socket.remoteAddress ?? '', performance.now());
    if (this.#quota.isOverfull) this.#settleSoon();
    loser?.destroy();
    if (loser === socket) return;
    this.#open.add(socket);
    this.#arriving.set(socket, setTimeout(cutOff, this.#options.arrivalTimeout, socket));
    socket.once('close', () => this.#forget(socket));
    socket.once('readable', () => this.#begin(socket));
  }

  /** Ends the answers of clients that follow `/live`. They connect again and find the next primary. */
  dismiss(): void {
    for (const response of this.#following) response.end();
  }

  /**
   * Closes. The promise settles when every connection is closed.
   *
   * @param options.isPatient also answers connections whose request arrives before the deadline.
   */
  async close({ isPatient = false }: { readonly isPatient?: boolean } = {}): Promise<void> {
    if (!isPatient) for (const socket of this.#arriving.keys()) socket.destroy();
    this.dismiss();
    const deadline = setTimeout(() => this.#destroy(), this.#options.closeTimeout);
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#allClosed = resolve));
    clearTimeout(deadline);
  }

  /** Handles the first bytes. A client that only probes the socket closes it silently and needs no HTTP. */
  #begin(socket: Socket): void {
    if (socket.readableLength === 0) {
      socket.destroy();
      return;
    }
    this.#http ??= this.#createHttp();
    this.#http.emit('connection', socket);
  }

  /** Closes connections that are safe no longer. What has come from them is read between the timer and the immediate. */
  #settleSoon(): void {
    if (this.#isSettling) return;
    this.#isSettling = true;
    const settle = (): void => {
      this.#isSettling = false;
      for (const loser of this.#quota.settle(performance.now())) loser.destroy();
      if (this.#quota.isOverfull) this.#settleSoon();
    };
    setTimeout(() => setImmediate(settle), SAFE_MS).unref();
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

  /** Creates the HTTP server at the first request. Most primaries never get one, and node:http takes megabytes. */
  #createHttp(): Server {
    const { createServer } = process.getBuiltinModule('node:http');
    const http = createServer(
      { maxHeaderSize: LONGEST_HEAD_BYTES },
      (request, response) => void this.#serve(request, response),
    );
    // Drops a second request that may have come in the same packet. `writeHead` makes the response end the connection.
    http.maxRequestsPerSocket = 1;
    http.on('dropRequest', (_request, socket) => this.#onDropped(socket as Socket));
    return http;
  }

  #onDropped(socket: Socket): void {
    const dropped = (this.#dropped.get(socket) ?? 0) + 1;
    this.#dropped.set(socket, dropped);
    if (dropped > MOST_DROPPED) socket.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { gate, answer: answerTo } = this.#options;
    const head = headOf(request);
    let body: string | undefined;
    try {
      body = await (head.method === 'POST' && gate.refuse(head) === undefined ? readBody(request) : skipBody(request));
    } catch {
      // The request broke off or was cut off, so there is no client to answer.
      return;
    }
    this.#hasArrived(request.socket);
    // An answer costs time, and clients could ask and leave without end.
    if (request.socket.destroyed) return;
    this.#quota.advance(request.socket, gate.isTrusted(head) ? 'trusted' : 'answered');
    const answer = await answerTo({ ...head, body });
    // The client left meanwhile. node:http would never report that.
    if (request.socket.destroyed) return;
    if (answer.follow === undefined || head.method === 'HEAD') this.#send(response, answer);
    else this.#follow(response, answer, answer.follow);
  }

  /**
   * Sends an answer. A client that does not read it is dropped, because its connection holds memory and a descriptor of
   * the primary.
   */
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

function headOf({ method = '', url = '', headers }: IncomingMessage): RequestHead {
  const { host, origin, accept, authorization, 'sec-fetch-site': fetchSite } = headers;
  return { method, target: url, host, origin, fetchSite, accept, authorization };
}

/**
 * Reads a body to its end even when it is too long, because a client that cannot finish sending may never read the
 * answer.
 */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const body = new Gathered();
  let isTooLong = false;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    isTooLong ||= body.length + chunk.length > LONGEST_BODY_BYTES;
    if (!isTooLong) body.add(chunk);
  }
  return isTooLong ? undefined : Buffer.from(body.take()).toString();
}

/**
 * Waits for the end of a short body, for a client that reads the answer only then. The answer to any other does not wait: without a
 * token, a client could send tiny chunks without end, each of which costs as much as a large one.
 *
 * @returns the empty text; undefined for a body that is still coming.
 */
async function skipBody(request: IncomingMessage): Promise<string | undefined> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  request.resume();
  if (coding !== undefined || Number(length) > LONGEST_BODY_BYTES) return undefined;
  if (!request.readableEnded) await once(request, 'end');
  return '';
}

function writeHead(response: ServerResponse, status: number, headers: OutgoingHttpHeaders): void {
  response.shouldKeepAlive = false;
  response.writeHead(status, { 'cache-control': 'no-store', ...SAFETY, ...headers });
}
