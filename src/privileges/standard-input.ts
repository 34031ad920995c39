import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { PreforkError } from '../errors.ts';
import { flagsOf } from './descriptors.ts';

const STDIN = 0;

/** How long a file that another thread has opened may keep the number of the standard input, and how often that is looked at, ms. */
const LONGEST_WAIT_MS = 2000;
const LOOK_EVERY_MS = 10;

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
  await fillInput();
}

/**
 * Opens nothing as the standard input. The kernel gives the lowest number that is free (open(2)), but a thread of Node's may have been
 * given it first, for a file that a library's program reads just then. Such a file is closed soon.
 */
async function fillInput(): Promise<void> {
  const last = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const fd = openSync(devNull, constants.O_RDONLY);
    if (fd === STDIN) return;
    closeSync(fd);
    if (performance.now() > last)
      throw new PreforkError('ERR_INTERNAL', 'another file took the place of root’s standard input');
    await delay(LOOK_EVERY_MS);
  }
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
