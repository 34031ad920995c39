/** The directory beside a board to which node writes the reports of workers' fatal errors. Each primary has its own. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
  for (const name of readdirSync(dirname(board))) {
    const path = join(dirname(board), name);
    if (!name.startsWith(prefix) || !/^\w{6}$/.test(name.slice(prefix.length))) continue;
    const found = lookAt(path);
    if (found?.isDirectory() && isOf(found.uid)) rmSync(path, { recursive: true, force: true });
  }
}
