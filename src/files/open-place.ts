import { closeSync, constants, openSync, readlinkSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where no file is. */
const NOWHERE = '';

/**
 * Notes where a file is that has just been opened. The kernel is asked, and not the path: another process of this user may have put
 * something there that keeps waiting who looks at it.
 *
 * @returns the place, for {@link isStillThere}. Undefined where the kernel does not tell.
 */
export function placeOf(fd: number, path: string): string | undefined {
  const place = placeNow(fd);
  if (place === undefined) return undefined;
  // It may have been moved before this could ask, also under its own name.
  const directory = placeOfDirectory(dirname(path)) ?? dirname(place);
  return place === join(directory, basename(path)) ? place : NOWHERE;
}

/** The kernel is asked of the directory too, so that links and mounts on the way count for both. Undefined where it cannot be read. */
function placeOfDirectory(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
  try {
    return placeNow(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Tells whether an open file has the name that it had: it was neither removed nor moved, and its name is not a link that is left. Where the
 * kernel does not tell any more nothing is known of it, and a file that may be in its place is not replaced.
 */
export function isStillThere(fd: number, place: string | undefined, { nlink }: Pick<Stats, 'nlink'>): boolean {
  return nlink > 0 && (place === undefined || (placeNow(fd) ?? place) === place);
}

export function isSameFile(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** For a file that was removed the kernel writes ` (deleted)` behind its place: no file that is opened by that path is there. */
function placeNow(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
