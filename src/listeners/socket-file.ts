import { unlinkSync } from 'node:fs';
import { fileIdentity } from '../sockets/file-identity.ts';

/**
 * What removes the file of a Unix socket as it is now. One that was replaced meanwhile is another server's, and stays;
 * a name in Linux's abstract namespace (unix(7)) is no file.
 */
export function removerOf(path: string): () => void {
  const file = path.startsWith('\0') ? undefined : fileIdentity(path);
  return () => {
    try {
      if (file !== undefined && fileIdentity(path) === file) unlinkSync(path);
    } catch {
      // Somebody was faster.
    }
  };
}
