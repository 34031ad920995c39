import { unlinkSync } from 'node:fs';
import { fileIdentity } from '../sockets/file-identity.ts';

/**
 * Returns a function that removes the file of a Unix socket as it is now. A file that was replaced meanwhile belongs to
 * another server and stays. A name in Linux's abstract namespace (unix(7)) has no file.
 */
export function removerOf(path: string): () => void {
  const file = path.startsWith('\0') ? undefined : fileIdentity(path);
  return () => {
    try {
      if (file !== undefined && fileIdentity(path) === file) unlinkSync(path);
    } catch {
      // Another process was faster.
    }
  };
}
