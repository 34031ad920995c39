import { lstatSync, unlinkSync } from 'node:fs';

/**
 * What removes the file of a Unix socket as it is now. One that was replaced meanwhile is another server's, and stays;
 * a name in Linux's abstract namespace (unix(7)) is no file.
 */
export function removerOf(path: string): () => void {
  const inode = inodeOf(path);
  return () => {
    try {
      if (inode !== undefined && inodeOf(path) === inode) unlinkSync(path);
    } catch {
      // Somebody was faster.
    }
  };
}

function inodeOf(path: string): number | undefined {
  return path.startsWith('\0') ? undefined : lstatSync(path, { throwIfNoEntry: false })?.ino;
}
