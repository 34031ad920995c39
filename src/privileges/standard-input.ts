import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { PreforkError } from '../errors.ts';
import { flagsOf } from './descriptors.ts';

const STDIN = 0;

/**
 * Puts nothing in the place of this process's standard input, which its workers inherit. It is root's: the rest of a script that a shell
 * reads its next commands from, for example, or a file that only root may read.
 *
 * A program that uses the library may have read it by then. Its `process.stdin` is destroyed first: libuv asks the kernel for the events of
 * a descriptor, and aborts the process when that is a file by the next time.
 *
 * @throws PreforkError `ERR_INTERNAL`
 */
export async function leaveInput(): Promise<void> {
  if (mayBeWatched()) {
    process.stdin.destroy();
    await turn();
  }
  closeSync(STDIN);
  // The kernel gives the lowest number that is free (open(2)).
  const fd = openSync(devNull, constants.O_RDONLY);
  if (fd !== STDIN) throw new PreforkError('ERR_INTERNAL', `root’s standard input could not be left: ${fd}`);
}

/**
 * Whether this program may have made `process.stdin` of a pipe or a socket. To ask for it would make it, and libuv then has the pipe not
 * block, for all processes that share it. So one that blocks has not been made. A file is read without events.
 */
function mayBeWatched(): boolean {
  const stats = fstatSync(STDIN);
  if (!stats.isFIFO() && !stats.isSocket()) return false;
  const flags = flagsOf(STDIN);
  return flags === undefined || (flags & constants.O_NONBLOCK) !== 0;
}
