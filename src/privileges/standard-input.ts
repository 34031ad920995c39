import { closeSync, constants, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { PreforkError } from '../errors.ts';

const STDIN = 0;

/**
 * Puts nothing in the place of this process's standard input, which its workers inherit. It is root's: the rest of a script that a shell
 * reads its next commands from, for example, or a file that only root may read.
 *
 * @throws PreforkError `ERR_INTERNAL`
 */
export function leaveInput(): void {
  closeSync(STDIN);
  // The kernel gives the lowest number that is free (open(2)).
  const fd = openSync(devNull, constants.O_RDONLY);
  if (fd !== STDIN) throw new PreforkError('ERR_INTERNAL', `root’s standard input could not be left: ${fd}`);
}
