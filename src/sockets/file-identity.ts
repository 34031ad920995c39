import { lstatSync } from 'node:fs';

/**
 * Names the file of a socket itself, not its path, and beyond its own life. An inode's number means nothing without its device, and
 * file systems give it to the next file at once. So the time of the bind tells the two apart: nothing writes to a socket file, and a
 * change of its rights leaves that time alone.
 *
 * @returns undefined where there is no file.
 */
export function fileIdentity(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}:${stats.mtimeNs}`;
}
