import { statSync, type Stats } from 'node:fs';

export function isFile(path: string): boolean {
  return stat(path)?.isFile() ?? false;
}

export function isDirectory(path: string): boolean {
  return stat(path)?.isDirectory() ?? false;
}

/** Also what cannot be looked at (too long a name, a directory that is closed to us) is not there for us. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
