import { lstatSync } from 'node:fs';

/**
 * Names a file itself, not its path: an inode's number means nothing without its device. Another file of the same path has
 * another identity while the first one exists.
 *
 * @returns undefined where there is no file.
 */
export function fileIdentity(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
