/**
 * What stands beside boards that are gone: a primary and all its workers were killed at once, or a worker made its state as the
 * board was removed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeReports } from './reports-directory.ts';
import { removeState } from './state-directory.ts';
import { userId } from './place.ts';

const BESIDE = /^prefork-(\d+)-\d+-[\w.-]*?(\.state|\.reports-\w{6})$/;

/** Removes this user's. The board is what a primary makes first and removes first, so without it no primary has them. */
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
    // Housekeeping must not keep a server from starting, nor from ending.
  }
}
