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

const LOOPBACK = '127.0.0.1';

const SAFETY = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** Of the server's answers. */
const PASSED = ['content-type', 'content-length', 'content-security-policy', 'allow', 'referrer-policy'] as const;

/**
 * The way from a browser, which cannot open Unix sockets, to a control socket: HTTP on a port of the loopback, for whoever
 * has the token. Owns the server and its connections; disposing of it ends them.
 */
export class Gateway implements Disposable {
  readonly #server: Server;
  readonly #token = newSecret();
  readonly #target: () => RunningServer;

  private constructor(target: () => RunningServer) {
    this.#target = target;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** @param target asked for each request: a server that is upgraded or restarted is another one. */
  static async open(target: () => RunningServer): Promise<Gateway> {
    const gateway = new Gateway(target);
    gateway.#server.listen({ host: LOOPBACK, port: 0 });
    await once(gateway.#server, 'listening');
    return gateway;
  }

  /** With the token where no server and no log ever sees it. */
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

/** Root's browser runs no code of another user's server: the page is this command's own, and only the figures are the server's. */
async function servePage(response: ServerResponse, { name, contentType }: PageFile): Promise<void> {
  try {
    const body = await readFile(new URL(`../dashboard/${name}`, import.meta.url));
    response
      .writeHead(200, { 'content-type': contentType, 'content-security-policy': PAGE_POLICY, ...SAFETY })
      .end(body);
  } catch (error) {
    refuse(response, 500, (error as Error).message);
  }
}

/** Nothing of the browser's headers: the control socket answers no web pages. */
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
    response.writeHead(answer.statusCode!, passedOn(answer));
    response.flushHeaders();
    // Whichever side goes, the other one is told.
    pipeline(answer, response, () => {});
  });
  outgoing.once('error', () => refuse(response, 502, `${name} does not answer`));
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

/** Cookies and the like would be another user's server's, on every port of the loopback. */
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
