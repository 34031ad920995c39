/** The directory beside a board to which node writes the reports of workers' fatal errors. Each primary has its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { firstNamesIn, MOST_LOOKS } from '../files/names.ts';
import { isOf, lookAt } from './look.ts';

const WORD = '.reports-';

/**
 * Creates the directory.
 *
 * @returns its path. The mode is 0700, and no other user could have taken the name before.
 */
export function makeReports(board: string): string {
  return mkdtempSync(board.replace(/\.board$/, WORD));
}

/**
 * Removes the reports of a board. A directory of another user stays, because that user could swap it while root removes
 * it (CWE-59).
 */
export function removeReports(board: string): void {
  const prefix = basename(board).replace(/\.board$/, WORD);
  const isOne = (name: string): boolean => name.startsWith(prefix) && /^\w{6}$/.test(name.slice(prefix.length));
  // Any user can make any number of such names.
  for (const name of firstNamesIn(dirname(board)).filter(isOne).slice(0, MOST_LOOKS)) {
    const path = join(dirname(board), name);
    const found = lookAt(path);
    if (found?.isDirectory() && isOf(found.uid)) rmSync(path, { recursive: true, force: true });
  }
}
