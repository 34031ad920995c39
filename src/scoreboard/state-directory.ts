/**
 * The directory beside a board in which the workers keep their shared state. A primary that succeeds another one has a
 * link to the directory of that one instead, so that the state lives on. The last of these primaries removes it.
 */
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../contract/system-code.ts';
import { MOST_LOOKS } from '../files/names.ts';
import { isOf, isOwn, lookAt } from './look.ts';
import { userId } from './place.ts';

/**
 * Directories with boards may be writable for all, so any user can create files beside them. A directory with another
 * name is not touched.
 */
const STATE = /^prefork-(\d+)-\d+-[\w.-]*\.state$/;

/**
 * Creates the directory of a board that is about to be created, or the link to that of the primary before. The name of a board can be
 * seen by all users, and one of them could otherwise take that of the directory before a worker needs it.
 *
 * @param before the board of the primary that is succeeded.
 * @returns false when another user, or another primary, has the name.
 */
export function reserveState(board: string, before?: string): boolean {
  const own = stateDirectory(board);
  if (before !== undefined && linkTo(own, targetOf(stateDirectory(before)))) return true;
  return made(own);
}

function linkTo(own: string, target: string): boolean {
  try {
    // A primary of an older version made no directory.
    if (!made(target) && !isOwnDirectory(target)) return false;
    symlinkSync(target, own, 'dir');
    return true;
  } catch {
    // Some users may not create links (Windows). An empty state is better than no server.
    return false;
  }
}

function made(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function isOwnDirectory(path: string): boolean {
  const found = lookAt(path);
  return found?.isDirectory() === true && isOf(found.uid);
}

/** Removes the state of a board that is gone. A state that another primary's workers use too stays. */
export function removeState(board: string): void {
  const own = stateDirectory(board);
  const target = targetOf(own);
  if (target !== own) rmSync(own, { force: true });
  const found = lookAt(target);
  // Most applications keep no state, so mostly there is nothing to remove.
  if (!found?.isDirectory() || !STATE.test(basename(target))) return;
  if (isUsed(target, [dirname(board), dirname(target)])) return;
  // Another user could replace its directory, while root removes it, by a link to files that only root may remove
  // (CWE-59).
  if (isOf(found.uid)) rmSync(target, { recursive: true, force: true });
}

function stateDirectory(board: string): string {
  return board.replace(/\.board$/, '.state');
}

/** Follows a link that a primary of this user created. Links never lead to links. */
function targetOf(path: string): string {
  const found = lookAt(path);
  return found?.isSymbolicLink() && isOf(found.uid) ? readlinkSync(path) : path;
}

/**
 * Tells whether a primary with an existing board uses the state: its own, or one that inherited it. Where other users have made so many
 * names that not all can be looked at, it may be used, and stays.
 */
function isUsed(target: string, directories: readonly string[]): boolean {
  const names = [...new Set(directories)].flatMap(stateNamesIn).filter((path) => path !== target);
  if (names.length > MOST_LOOKS) return true;
  const links = names.filter((path) => targetOf(path) === target);
  return [target, ...links].some((path) => isOwn(path.replace(/\.state$/, '.board')));
}

function stateNamesIn(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => Number(STATE.exec(name)?.[1]) === userId());
  return names.map((name) => join(directory, name));
}
