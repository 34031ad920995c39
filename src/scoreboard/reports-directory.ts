/** The directory beside a board to which node writes the reports of workers' fatal errors. Each primary has its own. */
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isOf } from './user.ts';

const WORD = '.reports-';

/** @returns its path; mode 0700, and a name that no other user could have taken before. */
export function makeReports(board: string): string {
  return mkdtempSync(board.replace(/\.board$/, WORD));
}

/** Removes what there is for a board. Another user's could be swapped under root's hands (CWE-59), and stays. */
export function removeReports(board: string): void {
  const prefix = basename(board).replace(/\.board$/, WORD);
  for (const name of readdirSync(dirname(board))) {
    const path = join(dirname(board), name);
    if (!name.startsWith(prefix) || !/^\w{6}$/.test(name.slice(prefix.length))) continue;
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() && isOf(found.uid)) rmSync(path, { recursive: true, force: true });
  }
}
