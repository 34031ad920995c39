/** Reads files for a server that root starts, where another user may have chosen what is there. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { systemCode } from '../contract/system-code.ts';
import { partOfOthers } from './writable.ts';

/** The length of such a file. */
const LONGEST_OF_OTHERS_BYTES = 4 * 1024 * 1024;

/** A server of root's reads files as its user, too, and root waits for its start. */
const isRootsStart = process.geteuid?.() === 0;

/**
 * Tells whether this process was root when it began, and another user may change the way to the file. That user would choose what is read,
 * also when root's rights are gone: a pipe would keep the server's start waiting, and a device would fill its memory.
 */
export function isControlledByOthers(file: string): boolean {
  if (!isRootsStart) return false;
  try {
    return partOfOthers(file) !== undefined;
  } catch (error) {
    // This process has left root, and the user may not look there. The error of the read says so.
    if (systemCode(error) === 'EACCES') return true;
    throw error;
  }
}

/**
 * Opens a file to be read. One of others has to be a file.
 *
 * @param mostBytes what it may have.
 */
export function openForRoot(file: string, mostBytes: number = LONGEST_OF_OTHERS_BYTES): number {
  if (!isControlledByOthers(file)) return openSync(file, constants.O_RDONLY);
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(fd);
  if (stats.isFile() && stats.size <= mostBytes) return fd;
  closeSync(fd);
  throw new Error(`it is not a file of at most ${mostBytes} bytes`);
}

/** Reads a text file. One that another user controls may have at most 4 MiB. */
export function readForRoot(file: string): string {
  const fd = openForRoot(file);
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
