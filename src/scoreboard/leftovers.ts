/**
 * Removes files whose board is gone. A primary and all its workers may have been killed at once, or a worker may have
 * created its state while the board was being removed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeReports } from './reports-directory.ts';
import { removeState } from './state-directory.ts';
import { userId } from './place.ts';

const BESIDE = /^prefork-(\d+)-\d+-[\w.-]*?(\.state|\.reports-\w{6})$/;

/**
 * Removes the leftovers of this user. A primary creates the board first and removes it first, so without the board no
 * primary uses the files.
 */
export function sweepLeftovers(directory: string): void {
  for (const name of namesIn(directory)) {
    const [, uid, extension] = BESIDE.exec(name) ?? [];
    if (extension === undefined || Number(uid) !== userId()) continue;
    const board = join(directory, `${name.slice(0, -extension.length)}.board`);
    if (existsSync(board)) continue;
    attempt(() => (extension === '.state' ? removeState(board) : removeReports(board)));
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // A failure of housekeeping must not keep a server from starting or ending.
  }
}
