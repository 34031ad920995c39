import { readFileSync, statSync, type Stats } from 'node:fs';

export function isFile(path: string): boolean {
  return stat(path)?.isFile() ?? false;
}

export function isDirectory(path: string): boolean {
  return stat(path)?.isDirectory() ?? false;
}

/** Reads a text, whatever the path leads to. */
export function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/**
 * Returns undefined when the path cannot be examined, because its name is too long or its directory is closed to us.
 */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
