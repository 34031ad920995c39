import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { connectTo, type RunningServer } from '../../control/client.ts';
import { newSecret } from '../../control/secret.ts';
import { refusal } from './admission.ts';

const LOOPBACK = '127.0.0.1';

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
    if (refused === undefined) pass(request, response, this.#target());
    else refuse(response, refused.status, refused.reason);
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
    const { connection: _connection, 'transfer-encoding': _encoding, ...rest } = answer.headers;
    response.writeHead(answer.statusCode!, rest);
    response.flushHeaders();
    // When one side goes away, the other one is told.
    pipeline(answer, response, () => {});
  });
  outgoing.once('error', () => refuse(response, 502, `${name} does not answer`));
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const headers = {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  response.writeHead(status, headers).end(`${JSON.stringify({ ok: false, reason })}\n`);
}
