/**
 * Removes files whose board is gone. A primary and all its workers may have been killed at once, or a worker may have
 * created its state while the board was being removed.
 */
import { join } from 'node:path';
import { firstNamesIn, MOST_LOOKS } from '../files/names.ts';
import { isOwn } from './look.ts';
import { removeReports } from './reports-directory.ts';
import { removeState } from './state-directory.ts';
import { userId } from './place.ts';

const BESIDE = /^prefork-(\d+)-(\d+)-[\w.-]*?(\.state|\.reports-\w{6})$/;

/**
 * Removes the leftovers of this user. A primary removes the board first, but makes the directory of the state a moment before it.
 * So without the board no primary uses the files, unless it is about to create the board.
 *
 * @param isAlive tells whether the process of a pid exists.
 */
export function sweepLeftovers(directory: string, isAlive: (pid: number) => boolean): void {
  const names = firstNamesIn(directory).filter((name) => Number(BESIDE.exec(name)?.[1]) === userId());
  for (const name of names.slice(0, MOST_LOOKS)) {
    const [, , pid, extension = ''] = BESIDE.exec(name) ?? [];
    // What has our own pid and no board is a predecessor's or left over: this process sweeps before it creates its board, and after it
    // has closed it.
    if (Number(pid) !== process.pid && isAlive(Number(pid))) continue;
    const board = join(directory, `${name.slice(0, -extension.length)}.board`);
    attempt(() => {
      if (!isOwn(join(directory, name)) || isOwn(board)) return;
      if (extension === '.state') removeState(board);
      else removeReports(board);
    });
  }
}

function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // A failure of housekeeping must not keep a server from starting or ending.
  }
}
