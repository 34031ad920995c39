import type { Server } from 'node:net';
import { socketFileAt, type SocketFile } from '../../listeners/socket-file.ts';
import { countConnections, openConnections } from '../node-internals/index.ts';
import type { SlotHandle } from './slot-handle.ts';

interface Served {
  readonly server: Server;
  readonly handle: SlotHandle | undefined;
  readonly file: SocketFile | undefined;
}

/** The application's servers that listen, in this worker. Owns nothing: servers belong to the application. */
export class Servers {
  readonly #served = new Map<Server, Served>();
  #added: (server: Server) => void = () => {};
  /** How many connections the servers that are closed by now had accepted. */
  #acceptedBefore = 0;

  /** @param listener hears of each server that begins to listen from now on. */
  whenAdded(listener: (server: Server) => void): void {
    this.#added = listener;
  }

  /** @param handle undefined where the server listens without prefork's primary: with `exclusive`, or in `round-robin`. */
  add(server: Server, handle: SlotHandle | undefined): void {
    countConnections(server);
    this.#served.set(server, { server, handle, file: handle === undefined ? fileOf(server) : handle.file });
    server.once('close', () => this.#forget(server, handle));
    this.#added(server);
  }

  has(server: Server): boolean {
    return this.#served.has(server);
  }

  /** What the server gets its connections from. Undefined when it does not listen, or listens without the primary. */
  handleOf(server: Server): SlotHandle | undefined {
    return this.#served.get(server)?.handle;
  }

  byHandle(handle: SlotHandle): Server | undefined {
    for (const served of this.#served.values()) if (served.handle === handle) return served.server;
    return undefined;
  }

  byListener(listener: number): SlotHandle | undefined {
    return this.#find(listener)?.handle;
  }

  /** The handle that can take a connection of the listener. Undefined where Node would drop it at once (`maxConnections`). */
  taker(listener: number): SlotHandle | undefined {
    const served = this.#find(listener);
    if (served?.handle === undefined || !served.handle.isAccepting) return undefined;
    const { maxConnections } = served.server;
    return maxConnections && openConnections(served.server) >= maxConnections ? undefined : served.handle;
  }

  /** Open connections, by Node's own count. */
  open(): number {
    let sum = 0;
    for (const { server } of this.#served.values()) sum += openConnections(server);
    return sum;
  }

  /** Connections that were accepted since the worker started. */
  accepted(): number {
    let sum = this.#acceptedBefore;
    for (const { handle } of this.#served.values()) sum += handle?.accepted ?? 0;
    return sum;
  }

  /** The files of the Unix sockets that are served now, for a worker whose primary cannot remove them any more. */
  socketFiles(): SocketFile[] {
    return [...this.#served.values()].map(({ file }) => file).filter((file) => file !== undefined);
  }

  *[Symbol.iterator](): Generator<Served> {
    yield* this.#served.values();
  }

  #find(listener: number): Served | undefined {
    for (const served of this.#served.values())
      if (served.handle?.listener === listener && !served.handle.isClosed) return served;
    return undefined;
  }

  #forget(server: Server, handle: SlotHandle | undefined): void {
    // A server that listened again before its 'close' was told has a new handle by now.
    if (this.#served.get(server)?.handle !== handle) return;
    this.#acceptedBefore += handle?.accepted ?? 0;
    this.#served.delete(server);
  }
}

/** In `round-robin` the primary does not tell which file it has made. */
function fileOf(server: Server): SocketFile | undefined {
  const path = server.address();
  return typeof path === 'string' ? socketFileAt(path) : undefined;
}
