import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Reads a file that a worker left in a directory which it may write to. What is there may also be a link to another
 * user's file, or a pipe that never ends.
 *
 * @param longest the limit in bytes.
 * @returns an empty text for anything that is not a file or is longer; undefined when there is nothing.
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
