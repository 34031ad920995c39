import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { connectTo, type RunningServer } from '../../control/client.ts';
import { PAGE_POLICY, pageFileOf, type PageFile } from '../../control/page-files.ts';
import { newSecret } from '../../control/secret.ts';
import { refusal } from './admission.ts';
import { messageOf } from '../../contract/message-of.ts';

const LOOPBACK = '127.0.0.1';

const SAFETY = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** The first status of a final answer. Node reads lower ones, of which another user's server may send any, and writes none of them. */
const LOWEST_STATUS = 200;

/** The headers of the server's answers that are passed on. */
const PASSED = ['content-type', 'content-length', 'content-security-policy', 'allow', 'referrer-policy'] as const;

/**
 * Connects a browser, which cannot open Unix sockets, to a control socket: it speaks HTTP on a loopback port, and
 * answers clients that have the token. The gateway owns the server and its connections, and disposing of it ends them.
 */
export class Gateway implements Disposable {
  readonly #server: Server;
  readonly #token = newSecret();
  readonly #target: () => RunningServer;

  private constructor(target: () => RunningServer) {
    this.#target = target;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /**
   * Opens the port.
   *
   * @param target is asked at each request, because an upgrade or a restart changes the server.
   */
  static async open(target: () => RunningServer): Promise<Gateway> {
    const gateway = new Gateway(target);
    gateway.#server.listen({ host: LOOPBACK, port: 0 });
    await once(gateway.#server, 'listening');
    return gateway;
  }

  /** The address with the token in its fragment, which no server and no log ever sees. */
  get url(): string {
    return `http://${this.#authority}/#token=${this.#token}`;
  }

  [Symbol.dispose](): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get #authority(): string {
    return `${LOOPBACK}:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    const refused = refusal({ method, target: url, headers }, { authority: this.#authority, token: this.#token });
    if (refused !== undefined) return refuse(response, refused.status, refused.reason);
    const target = this.#target();
    const file = target.owner === undefined ? undefined : pageFileOf(url);
    if (file === undefined) pass(request, response, target);
    else void servePage(response, file);
  }
}

/** Serves the page's files itself, so that root's browser runs no code of another user's server. */
async function servePage(response: ServerResponse, { name, contentType }: PageFile): Promise<void> {
  try {
    const body = await readFile(new URL(`../dashboard/${name}`, import.meta.url));
    response
      .writeHead(200, { 'content-type': contentType, 'content-security-policy': PAGE_POLICY, ...SAFETY })
      .end(body);
  } catch (error) {
    refuse(response, 500, messageOf(error));
  }
}

/** Passes a request on without the browser's headers, because the control socket refuses web pages. */
function pass(
  request: IncomingMessage,
  response: ServerResponse,
  { path: socketPath, name, owner }: RunningServer,
): void {
  const { method, url: path, headers } = request;
  const length = headers['content-length'];
  const passed = { host: 'localhost', ...(length !== undefined && { 'content-length': length }) };
  const createConnection = (): Socket => connectTo(socketPath, owner);
  const outgoing = httpRequest({ createConnection, method, path, headers: passed });
  outgoing.once('response', (answer) => {
    const { statusCode = 0 } = answer;
    if (statusCode < LOWEST_STATUS) {
      answer.destroy();
      return refuse(response, 502, `${name} gave an answer without a status`);
    }
    response.writeHead(statusCode, passedOn(answer));
    response.flushHeaders();
    // When one side goes away, the other one is told.
    pipeline(answer, response, () => {});
  });
  outgoing.once('error', () => refuse(response, 502, `${name} does not answer`));
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

/** Leaves out cookies and the like, which another user's server could set for every port of the loopback. */
function passedOn({ headers }: IncomingMessage): OutgoingHttpHeaders {
  const kept = PASSED.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]));
  return { ...Object.fromEntries(kept), ...SAFETY };
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response
    .writeHead(status, { 'content-type': 'application/json', ...SAFETY })
    .end(`${JSON.stringify({ ok: false, reason })}\n`);
}
