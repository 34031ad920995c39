import { lstatSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';

/** The file of a Unix socket. A name in Linux's abstract namespace (unix(7)) has none. */
export interface SocketFile {
  readonly path: string;
  /** The file that was made: see `identityOf`. */
  readonly identity: string;
}

/** Returns the file that is at the path of a Unix socket now; undefined where there is none, or it cannot be looked at. */
export function socketFileAt(path: string): SocketFile | undefined {
  // Pipes of Windows have names of another kind.
  if (path.startsWith('\0') || process.platform === 'win32') return undefined;
  try {
    const identity = identityOf(path);
    return identity === undefined ? undefined : { path: resolve(path), identity };
  } catch {
    return undefined;
  }
}

/**
 * Names the file beyond its own life. In round-robin nothing keeps its inode when it is gone, and ext4 gives the number to the next file
 * at once, so the time of its birth tells the two apart.
 */
function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.birthtimeMs}`;
}

/** Removes the file. One that has taken its place belongs to another server, and stays. */
export function removeSocketFile({ path, identity }: SocketFile): void {
  try {
    if (identityOf(path) === identity) unlinkSync(path);
  } catch {
    // Another process was faster, or the directory is another user's.
  }
}
