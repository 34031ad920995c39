import { lstatSync, unlinkSync } from 'node:fs';

/**
 * What removes the file of a Unix socket as it is now. One that was replaced meanwhile is another server's, and stays;
 * a name in Linux's abstract namespace (unix(7)) is no file.
 */
export function removerOf(path: string): () => void {
  const file = identityOf(path);
  return () => {
    try {
      if (file !== undefined && identityOf(path) === file) unlinkSync(path);
    } catch {
      // Somebody was faster.
    }
  };
}

/** An inode's number means nothing without its device. */
function identityOf(path: string): string | undefined {
  const stats = path.startsWith('\0') ? undefined : lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
