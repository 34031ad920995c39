import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * What a worker left in a directory that it may write: what is there may also be a link to another's file, or a pipe that
 * never ends.
 *
 * @param longest bytes.
 * @returns empty for what is no file, or is longer; undefined where nothing is.
 */
export function readBounded(path: string, longest: number): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile() || status.size > longest) return '';
    const bytes = Buffer.alloc(status.size);
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } catch {
    return '';
  } finally {
    closeSync(fd);
  }
}
