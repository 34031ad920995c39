import { unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileIdentity } from '../sockets/file-identity.ts';

/** The file of a Unix socket. A name in Linux's abstract namespace (unix(7)) has none. */
export interface SocketFile {
  readonly path: string;
  /** The file that was made: see `fileIdentity`. In round-robin nothing keeps it when it is gone from its path. */
  readonly identity: string;
}

/** Returns the file that is at the path of a Unix socket now; undefined where there is none, or it cannot be looked at. */
export function socketFileAt(path: string): SocketFile | undefined {
  // Pipes of Windows have names of another kind.
  if (path.startsWith('\0') || process.platform === 'win32') return undefined;
  try {
    const identity = fileIdentity(path);
    return identity === undefined ? undefined : { path: resolve(path), identity };
  } catch {
    return undefined;
  }
}

/** Removes the file. One that has taken its place belongs to another server, and stays. */
export function removeSocketFile({ path, identity }: SocketFile): void {
  try {
    if (fileIdentity(path) === identity) unlinkSync(path);
  } catch {
    // Another process was faster, or the directory is another user's.
  }
}
