/**
 * The directory beside a board in which the workers keep the state that they share. A primary that succeeds another one has a
 * link to that one's instead, so that the state lives on, and whoever ends last removes it.
 */
import { existsSync, lstatSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isOf } from './user.ts';

/** Beside boards, in directories that all may write, anybody can make anything: what has another name is not touched. */
const STATE = /^prefork-\d+-\d+-[\w.-]*\.state$/;

/** @param before the board of the primary that is to be succeeded. */
export function inheritState(board: string, before: string): void {
  try {
    symlinkSync(targetOf(stateDirectory(before)), stateDirectory(board), 'dir');
  } catch {
    // Not everywhere may everyone make links (Windows). An empty state is better than no server.
  }
}

/** Once the board itself is gone. What another primary's workers use too stays. */
export function removeState(board: string): void {
  const own = stateDirectory(board);
  const target = targetOf(own);
  if (target !== own) rmSync(own, { force: true });
  // Most applications keep none.
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (!found?.isDirectory() || !STATE.test(basename(target))) return;
  if (isUsed(target, [dirname(board), dirname(target)])) return;
  // Another user's could be swapped under root's hands for a link to what only root may remove (CWE-59).
  if (isOf(found.uid)) rmSync(target, { recursive: true, force: true });
}

function stateDirectory(board: string): string {
  return board.replace(/\.board$/, '.state');
}

/** Links never lead to links. Primaries of this user make them. */
function targetOf(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() && isOf(found.uid) ? readlinkSync(path) : path;
}

/** Whether a primary has it whose board is there: its own, or one that inherited it. */
function isUsed(target: string, directories: readonly string[]): boolean {
  const links = [...new Set(directories)].flatMap((directory) => linksIn(directory, target));
  return [target, ...links].some((path) => existsSync(path.replace(/\.state$/, '.board')));
}

function linksIn(directory: string, target: string): string[] {
  const names = readdirSync(directory).filter((name) => /^prefork-.*\.state$/.test(name));
  return names.map((name) => join(directory, name)).filter((path) => path !== target && targetOf(path) === target);
}
