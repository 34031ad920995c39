import { closeSync, openSync, renameSync, rmdirSync, unlinkSync, writeSync } from 'node:fs';
import { systemCode } from '../contract/system-code.ts';
import { removeReports } from './reports-directory.ts';
import { removeState } from './state-directory.ts';

/**
 * Creates a new file of `bytes` at `path`, for its owner only. O_EXCL is needed because, in a directory that all users
 * may write to, a file of this name may belong to another user, or be a link to another file of ours.
 *
 * The bytes are written, and not only reserved with `ftruncate`. A full tmpfs then shows here, where another directory
 * can be tried, and not in a worker's beat.
 *
 * @returns a descriptor, which the caller has to close; when this throws, neither descriptor nor file is left.
 */
export function createFile(path: string, bytes: Uint8Array): number {
  const fd = openSync(path, 'wx+', 0o600);
  try {
    const written = writeSync(fd, bytes, 0, bytes.length, 0);
    if (written !== bytes.length) throw new Error(`${path} took ${written} of ${bytes.length} bytes`);
    return fd;
  } catch (error) {
    closeSync(fd);
    removeFile(path);
    throw error;
  }
}

/** Removes the file at `path`. Processes that have it open keep it. A file that is already gone is fine. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/**
 * Removes what has the name `path`. A directory that another process of this user has put there is moved away, and is left there if
 * something is in it. Nothing of this asks the directory itself, behind which another program may be.
 */
export function makeWay(path: string): void {
  try {
    removeFile(path);
  } catch {
    const aside = `${path}.${Math.random().toString(36).slice(2, 10)}`;
    renameSync(path, aside);
    try {
      rmdirSync(aside);
    } catch {
      // Something is in it. The directory is theirs, as any other that they make.
    }
  }
}

/** Removes a board with the files beside it: the state that workers share, and the reports of their ends. */
export function removeBoard(path: string): void {
  try {
    makeWay(path);
  } finally {
    removeState(path);
    removeReports(path);
  }
}
