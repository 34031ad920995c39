import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { systemCode } from '../contract/system-code.ts';
import { removeReports } from './reports-directory.ts';
import { removeState } from './state-directory.ts';

/**
 * Makes a new file of `bytes` at `path`, for its owner only. O_EXCL: in a directory that all may write, a file of this
 * name may be another user's, or a link to another file of ours.
 *
 * The bytes are written and not only reserved (`ftruncate`), so that a full tmpfs shows here, where another directory
 * can be tried, and not in a worker's beat.
 *
 * @returns a descriptor that is the caller's to close; when it throws, neither descriptor nor file is left.
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

/** Removes the file at `path`; whoever has it open keeps it. One that is gone already is as good. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes a board, and what stands beside it: the state that workers share, and the reports of their ends. */
export function removeBoard(path: string): void {
  removeFile(path);
  removeState(path);
  removeReports(path);
}
