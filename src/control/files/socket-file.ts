import { chmodSync, rmSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { fileIdentity } from '../../sockets/file-identity.ts';
import { makeDirectory } from './directories.ts';
import { pathIn, socketPath, unusable } from './place.ts';
import { replacePath, takePath } from './take-path.ts';

/** A default name can become `server-2` and so on up to this number. Then the user has to choose names. */
const MOST_NAMESAKES = 1000;

/** The longest name that `--name` accepts. */
const LONGEST_NAME = 64;

export interface Wish {
  readonly directory: string;
  readonly name: string;
  /**
   * `given` takes this name or none. `default` may add a number to it. `replace` takes it from a server that is about
   * to leave.
   */
  readonly insist: 'given' | 'default' | 'replace';
}

/**
 * The file of a listening socket. The object owns the file: removing it removes that file, and never another one of the
 * same name.
 */
export class SocketFile {
  readonly name: string;
  readonly path: string;
  readonly #identity: string | undefined;

  private constructor(directory: string, name: string, identity: string | undefined) {
    this.name = name;
    this.path = socketPath(directory, name);
    this.#identity = identity;
  }

  /**
   * Makes `server` listen, and its socket known under the name.
   *
   * @returns undefined when a live server has the given name. The caller then closes `server`, as it does when this
   *   throws.
   * @throws PreforkError `ERR_CONTROL_SOCKET`
   */
  static async listen(server: Server, { directory, name, insist }: Wish): Promise<SocketFile | undefined> {
    makeDirectory(directory);
    socketPath(directory, name);
    const own = pathIn(directory, `.${process.pid.toString(36)}-${Math.random().toString(36).slice(2, 8)}.tmp`);
    await listenAt(server, own);
    chmodSync(own, 0o600);
    const identity = fileIdentity(own);
    if (insist === 'replace') {
      replacePath(own, socketPath(directory, name));
      return new SocketFile(directory, name, identity);
    }
    try {
      const names = insist === 'given' ? [name] : namesakes(name);
      for (const candidate of names) {
        if (await takePath(own, socketPath(directory, candidate)))
          return new SocketFile(directory, candidate, identity);
      }
      return undefined;
    } finally {
      rmSync(own, { force: true });
    }
  }

  /**
   * Removes the file. A second call does nothing. The best moment is while the server still listens, because until then
   * no other file can have the same inode. The method does not throw, because it runs when a primary ends: a file that
   * stays is a dead socket, which the next server replaces.
   */
  remove(): void {
    try {
      if (fileIdentity(this.path) === this.#identity) unlinkSync(this.path);
    } catch {
      // The file or its directory is gone already.
    }
  }
}

/** Yields `server`, `server-2`, `server-3` and so on, none longer than `--name` accepts. */
function* namesakes(name: string): Generator<string> {
  yield name;
  for (let number = 2; number <= MOST_NAMESAKES; number++) {
    const suffix = `-${number}`;
    yield name.slice(0, LONGEST_NAME - suffix.length) + suffix;
  }
}

function listenAt(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(unusable(`cannot listen on ${path}: ${error.message}`, error));
    server.once('error', fail);
    server.listen({ path }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
