import { createServer, type Server } from 'node:net';
import { PreforkError } from '../errors.ts';
import { particulars } from './client.ts';
import { Connections } from './connections.ts';
import type { Controls } from './controls.ts';
import { controlDirectory } from './files/directories.ts';
import { socketPath } from './files/place.ts';
import { answer, socketGate } from './routes.ts';
import { sweepDeadSockets } from './files/sweep.ts';
import { SocketFile, type Wish } from './files/socket-file.ts';

export interface ControlServerOptions {
  readonly controls: Controls;
  readonly name: string;
  /** True when the user chose the name. A name that is taken is then an error. A default name gets a number added. */
  readonly isNameGiven: boolean;
  /** Takes the name from the live server that has it, which this server upgrades. @default false */
  readonly replace?: boolean;
  /** The directory of the socket. @default `controlDirectory()` */
  readonly directory?: string;
  /** How long a request may take to arrive, in ms. @default 10_000 */
  readonly arrivalTimeout?: number;
  /** How long answers in flight may take when the server closes, in ms. @default 1000 */
  readonly closeTimeout?: number;
}

/**
 * Serves HTTP over a Unix socket that only this user can open, in the primary: see routes.ts. The server owns the
 * listening socket, its file and its connections. Closing it closes and removes all of them.
 *
 * A primary that replaces this one opens its own server with `replace`, which takes over the file in one step. This
 * server then still answers the clients that are connected, and its close leaves the other server's file alone.
 */
export class ControlServer {
  readonly #listener: Server;
  readonly #connections: Connections;
  readonly #file: SocketFile;
  #closing: Promise<void> | undefined;

  private constructor(listener: Server, connections: Connections, file: SocketFile) {
    this.#listener = listener;
    this.#connections = connections;
    this.#file = file;
  }

  /**
   * Opens the server.
   *
   * @throws PreforkError `ERR_NAME_TAKEN` when a live server has the name that was given, `ERR_CONTROL_SOCKET` when
   *   there is no place for the socket. Nothing stays open then.
   */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const { controls, name } = options;
    const { arrivalTimeout = 10_000, closeTimeout = 1000 } = options;
    const connections = new Connections({
      answer: (request) => answer(request, controls),
      gate: socketGate,
      arrivalTimeout,
      closeTimeout,
    });
    // Half-open sockets are allowed, as in http.Server, because a client may end its side when it has sent its request.
    const listener = createServer({ allowHalfOpen: true }, (socket) => connections.accept(socket));
    // An accept can fail, for example with EMFILE. That client gets no answer, and the service goes on.
    listener.on('error', () => {});
    try {
      const directory = options.directory ?? controlDirectory();
      const file = await SocketFile.listen(listener, { directory, name, insist: insistence(options) });
      if (file === undefined) throw await nameTaken(directory, name);
      void sweepDeadSockets(directory, file.path);
      return new ControlServer(listener, connections, file);
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  /** The name that was asked for, perhaps with a number added. */
  get name(): string {
    return this.#file.name;
  }

  get path(): string {
    return this.#file.path;
  }

  /** Leaves the clients that follow `/live` to the primary that has taken over the name. */
  yield(): void {
    this.#connections.dismiss();
  }

  /**
   * Removes the file at once, for a process that is about to exit and cannot wait for `close`. A second call does
   * nothing.
   */
  remove(): void {
    this.#file.remove();
  }

  /**
   * Stops listening. The promise settles when the answers in flight are sent or have taken too long. A second call does
   * nothing.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#file.remove();
    this.#listener.close();
    await this.#connections.close();
  }
}

function insistence({ replace = false, isNameGiven }: ControlServerOptions): Wish['insist'] {
  if (replace) return 'replace';
  return isNameGiven ? 'given' : 'default';
}

async function nameTaken(directory: string, name: string): Promise<PreforkError> {
  const which = await particulars({ name, path: socketPath(directory, name) });
  const who = which === '' ? 'another server' : `another server (${which})`;
  return new PreforkError('ERR_NAME_TAKEN', `${who} runs under the name ${name}: stop it, or choose another --name`);
}
