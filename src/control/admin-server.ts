import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminGate } from './admin-gate.ts';
import { Connections } from './connections.ts';
import { descriptorOf } from '../listeners/native.ts';
import type { Controls } from './controls.ts';
import { answer } from './routes.ts';
import { systemCode } from '../contract/system-code.ts';

/** The host when the address has none. */
const LOOPBACK = '127.0.0.1';

/**
 * The limit is more than viewers, scrapers and people need. Each connection takes a descriptor, and future workers need
 * some.
 */
const MOST_CONNECTIONS = 256;

/** The time between two attempts to bind the address that the primary before this one still holds. */
const RETRY_MS = 50;

export interface AdminServerOptions {
  readonly controls: Controls;
  /** The address, for example `9090`, `:9090`, `host:9090` or `[::1]:9090`. `--admin` has been checked before. */
  readonly address: string;
  readonly token: string;
  /** Further names by which clients may ask. @default none */
  readonly names?: readonly string[] | undefined;
  /** A socket that already listens there. This server takes it over. */
  readonly fd?: number | undefined;
  /**
   * How long the address may be in use, in ms. The primary before this one holds it until it is told to let go.
   * @default 0
   */
  readonly patience?: number;
  /** Ends the wait for the address. */
  readonly signal?: AbortSignal;
}

/**
 * Serves the control socket's routes over TCP, in the primary. admin-gate.ts decides which requests are answered. The
 * server owns the listening socket and its connections, and closing it closes all of them.
 */
export class AdminServer {
  readonly #listener: Server;
  readonly #connections: Connections;
  #isYielded = false;
  #closing: Promise<void> | undefined;

  private constructor(listener: Server, connections: Connections) {
    this.#listener = listener;
    this.#connections = connections;
  }

  /**
   * Opens the server.
   *
   * @throws Error of `listen`, such as EADDRINUSE.
   */
  static async open(options: AdminServerOptions): Promise<AdminServer> {
    const { controls, address, token, names = [], fd, patience = 0, signal } = options;
    const { host, port } = parse(address);
    const gate = new AdminGate({ host, token, names });
    const connections = new Connections({
      answer: (request) => answer(request, controls, gate),
      arrivalTimeout: 10_000,
      closeTimeout: 1000,
      most: MOST_CONNECTIONS,
      gate,
    });
    // Half-open sockets are allowed, as in http.Server, because a client may end its side when it has sent its request.
    const listener = createServer({ allowHalfOpen: true }, (socket) => connections.accept(socket));
    await listen(listener, fd === undefined ? { host, port } : { fd }, { until: performance.now() + patience, signal });
    // An accept can fail, for example with EMFILE. That client gets no answer, and the service goes on.
    listener.on('error', () => {});
    return new AdminServer(listener, connections);
  }

  get url(): string {
    const { address, family, port } = this.#listener.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /**
   * The descriptor of the listening socket, so that another process can listen on it too; undefined once it is closed.
   */
  get fd(): number | undefined {
    return descriptorOf(this.#listener);
  }

  /**
   * Leaves new connections, and clients that follow `/live`, to another process that has the socket. Clients that are
   * already connected get their answers.
   */
  yield(): void {
    this.#isYielded = true;
    this.#listener.close();
    this.#connections.dismiss();
  }

  /**
   * Stops listening. The promise settles when the answers in flight are sent or have taken too long. A second call does
   * nothing.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #close(): Promise<void> {
    this.#listener.close();
    return this.#connections.close({ isPatient: this.#isYielded });
  }
}

/**
 * Listens, and tries again while the address is in use. `exclusive` matters because a program that uses the library is
 * a primary of node:cluster, and no worker may get this socket.
 */
async function listen(
  listener: Server,
  target: { readonly host: string; readonly port: number } | { readonly fd: number },
  { until, signal }: { readonly until: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (;;) {
    try {
      listener.listen({ ...target, exclusive: true });
      await once(listener, 'listening');
      return;
    } catch (error) {
      const isTaken = systemCode(error) === 'EADDRINUSE';
      if (!isTaken || performance.now() >= until) throw error;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

function parse(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  return { host: host || LOOPBACK, port: Number(address.slice(colon + 1)) };
}
