import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor, type EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import type { Unshared } from '../../contract/listening.ts';
import type { Link } from '../link.ts';

/**
 * Tells the primary of servers that could not have an address that they did not ask it for: those with `exclusive`, and those in
 * threads of the application. Each worker has such a server, and a fixed port is the first one's alone, so the second gets an EADDRINUSE
 * that says nothing of that.
 *
 * The listeners that it adds change nothing for the application: an error without a handler stays one.
 */
export class UnsharedServers {
  readonly #link: Pick<Link, 'send'>;
  readonly #watched = new WeakSet<EventEmitter>();

  constructor(link: Pick<Link, 'send'>) {
    this.#link = link;
    // A thread's error that it does not handle comes to the main thread.
    subscribe('worker_threads', (message) => this.#watch((message as { worker: EventEmitter }).worker, 'thread'));
  }

  /** @param args of `server.listen` */
  listens(server: Server, [options]: readonly unknown[]): void {
    const { exclusive } = Object(options) as { readonly exclusive?: unknown };
    if (exclusive === true) this.#watch(server, 'exclusive');
  }

  #watch(emitter: EventEmitter, where: Unshared['where']): void {
    if (this.#watched.has(emitter)) return;
    this.#watched.add(emitter);
    emitter.on(errorMonitor, (error: unknown) => this.#failed(error, where));
  }

  #failed(error: unknown, where: Unshared['where']): void {
    const { code, syscall, address, port = -1 } = Object(error) as Partial<NodeJS.ErrnoException & Unshared>;
    if (code !== 'EADDRINUSE' || syscall !== 'listen' || address === undefined) return;
    this.#link.send({ type: 'unshared', address, port, where });
  }
}
