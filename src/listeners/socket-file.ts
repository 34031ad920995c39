import { lstatSync, unlinkSync } from 'node:fs';

/**
 * Returns a function that removes the file of a Unix socket as it is now. A file that was replaced meanwhile belongs to
 * another server and stays. A name in Linux's abstract namespace (unix(7)) has no file.
 */
export function removerOf(path: string): () => void {
  const file = identityOf(path);
  return () => {
    try {
      if (file !== undefined && identityOf(path) === file) unlinkSync(path);
    } catch {
      // Another process was faster.
    }
  };
}

/** Identifies a file. An inode number means nothing without its device. */
function identityOf(path: string): string | undefined {
  const stats = path.startsWith('\0') ? undefined : lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
