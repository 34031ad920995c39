import { createServer, type Server } from 'node:net';
import { PreforkError } from '../errors.ts';
import { particulars } from './client.ts';
import { Connections } from './connections.ts';
import type { Controls } from './controls.ts';
import { controlDirectory } from './files/directories.ts';
import { socketPath } from './files/place.ts';
import { answer } from './routes.ts';
import { sweepDeadSockets } from './files/sweep.ts';
import { SocketFile, type Wish } from './files/socket-file.ts';

export interface ControlServerOptions {
  readonly controls: Controls;
  readonly name: string;
  /** By the user: then a name that is taken is an error. A default name gets a number added. */
  readonly isNameGiven: boolean;
  /** Take the name from the live server that has it: the one that this is the upgrade of. @default false */
  readonly replace?: boolean;
  /** @default `controlDirectory()` */
  readonly directory?: string;
  /** How long a request may take to arrive, ms. @default 10_000 */
  readonly arrivalTimeout?: number;
  /** How long answers in flight may take at a close, ms. @default 1000 */
  readonly closeTimeout?: number;
}

/**
 * HTTP over a Unix socket that only this user can open: see routes.ts. Runs in the primary. Owns the listening socket,
 * its file and its connections; closing it closes and removes all of them.
 *
 * A primary that is to replace this one opens its own with `replace`, which takes the file over in one step. This one
 * then answers whoever is connected, and its close leaves the other's file alone.
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
   * @throws PreforkError `ERR_NAME_TAKEN` when a live server has the name that was given, `ERR_CONTROL_SOCKET` when
   * there is no place for the socket. Nothing is left open then.
   */
  static async open(options: ControlServerOptions): Promise<ControlServer> {
    const { controls, name } = options;
    const { arrivalTimeout = 10_000, closeTimeout = 1000 } = options;
    const connections = new Connections({
      answer: (request) => answer(request, controls),
      arrivalTimeout,
      closeTimeout,
    });
    // Half open, as http.Server has it: a client may end its side when it has sent its request.
    const listener = createServer({ allowHalfOpen: true }, (socket) => connections.accept(socket));
    // Such as EMFILE at an accept: that client gets no answer, and the service goes on.
    listener.on('error', () => {});
    try {
      const directory = options.directory ?? controlDirectory();
      const file = await SocketFile.listen(listener, { directory, name, insist: insistence(options) });
      if (file === undefined) throw await nameTaken(directory, name);
      void sweepDeadSockets(directory);
      return new ControlServer(listener, connections, file);
    } catch (error) {
      listener.close();
      throw error;
    }
  }

  /** The one that was asked for, perhaps with a number added. */
  get name(): string {
    return this.#file.name;
  }

  get path(): string {
    return this.#file.path;
  }

  /** Leaves who follows to the primary that has taken the name over. */
  yield(): void {
    this.#connections.dismiss();
  }

  /** Removes the file at once, for a process that is about to exit and cannot wait for `close`. Idempotent. */
  remove(): void {
    this.#file.remove();
  }

  /** Stops listening, and settles when answers in flight are out or have taken too long. Idempotent. */
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
