import { once } from 'node:events';
import { createServer, isIPv6, type AddressInfo, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminGate } from './admin-gate.ts';
import { Connections } from './connections.ts';
import { descriptorOf } from '../listeners/native.ts';
import type { Controls } from './controls.ts';
import { answer } from './routes.ts';

/** Where a port is served when nobody says more. */
const LOOPBACK = '127.0.0.1';

/** More than viewers, scrapers and people need. Each takes a descriptor, of which workers to come need some. */
const MOST_CONNECTIONS = 256;

/** Between two tries to have the address of the primary before this one, ms. */
const RETRY = 50;

export interface AdminServerOptions {
  readonly controls: Controls;
  /** `9090`, `:9090`, `host:9090`, `[::1]:9090`, as `--admin` has been checked. */
  readonly address: string;
  readonly token: string;
  /** A socket that listens there already, which is this one's then. */
  readonly fd?: number | undefined;
  /** How long the address may be another's, ms: the primary before this one has it until it is told. @default 0 */
  readonly patience?: number;
  /** Ends that patience. */
  readonly signal?: AbortSignal;
}

/**
 * The control socket's routes over TCP: see admin-gate.ts for who may use them. Runs in the primary. Owns the listening
 * socket and its connections; closing it closes all of them.
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

  /** @throws Error of `listen`, such as EADDRINUSE. */
  static async open({ controls, address, token, fd, patience = 0, signal }: AdminServerOptions): Promise<AdminServer> {
    const { host, port } = parse(address);
    const gate = new AdminGate({ host, token });
    const connections = new Connections({
      answer: (request) => answer(request, controls, gate),
      arrivalTimeout: 10_000,
      closeTimeout: 1000,
      most: MOST_CONNECTIONS,
      isTrusted: (request) => gate.isTrusted(request),
    });
    // Half open, as http.Server has it: a client may end its side when it has sent its request.
    const listener = createServer({ allowHalfOpen: true }, (socket) => connections.accept(socket));
    await listen(listener, fd === undefined ? { host, port } : { fd }, { until: performance.now() + patience, signal });
    // Such as EMFILE at an accept: that client gets no answer, and the service goes on.
    listener.on('error', () => {});
    return new AdminServer(listener, connections);
  }

  get url(): string {
    const { address, port } = this.#listener.address() as AddressInfo;
    return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
  }

  /** Of the socket that listens, for another process to listen on too; undefined when it is closed. */
  get fd(): number | undefined {
    return descriptorOf(this.#listener);
  }

  /**
   * Leaves whoever connects from now on, and who follows, to another process that has the socket. Who else has connected is
   * answered.
   */
  yield(): void {
    this.#isYielded = true;
    this.#listener.close();
    this.#connections.dismiss();
  }

  /** Stops listening, and settles when answers in flight are out or have taken too long. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #close(): Promise<void> {
    this.#listener.close();
    return this.#connections.close({ isPatient: this.#isYielded });
  }
}

/** `exclusive`: a program of the library's is a primary of node:cluster, and this socket is none of its workers'. */
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
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!isTaken || performance.now() >= until) throw error;
      await delay(RETRY, undefined, { signal });
    }
  }
}

function parse(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  return { host: host || LOOPBACK, port: Number(address.slice(colon + 1)) };
}
