import { fstatSync, readlinkSync, type Stats } from 'node:fs';

/** What the kernel writes behind the place of a file that was removed there. */
const DELETED = ' (deleted)';

/**
 * Asks the kernel where a file is, because the name that it had at first may lead elsewhere by now. The answer is no safe path either: a
 * worker that may mount a file system of its own over that directory keeps waiting who follows it.
 *
 * @returns undefined where the kernel does not tell.
 */
export function placeOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** Tells whether the name of an open file was removed, also where the file still has another one (a hard link). */
export function isRemoved(fd: number, { nlink }: Pick<Stats, 'nlink'> = fstatSync(fd)): boolean {
  return nlink === 0 || placeOf(fd)?.endsWith(DELETED) === true;
}
