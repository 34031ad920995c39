/**
 * The directory beside a board in which the workers keep their shared state. A primary that succeeds another one has a
 * link to the directory of that one instead, so that the state lives on. The last of these primaries removes it.
 */
import { existsSync, lstatSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isOf } from './user.ts';

/**
 * Directories with boards may be writable for all, so any user can create files beside them. A directory with another
 * name is not touched.
 */
const STATE = /^prefork-\d+-\d+-[\w.-]*\.state$/;

/**
 * Creates the link.
 *
 * @param before the board of the primary that is succeeded.
 */
export function inheritState(board: string, before: string): void {
  try {
    symlinkSync(targetOf(stateDirectory(before)), stateDirectory(board), 'dir');
  } catch {
    // Some users may not create links (Windows). An empty state is better than no server.
  }
}

/** Removes the state of a board that is gone. A state that another primary's workers use too stays. */
export function removeState(board: string): void {
  const own = stateDirectory(board);
  const target = targetOf(own);
  if (target !== own) rmSync(own, { force: true });
  // Most applications keep no state.
  const found = lstatSync(target, { throwIfNoEntry: false });
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
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() && isOf(found.uid) ? readlinkSync(path) : path;
}

/** Tells whether a primary with an existing board uses the state: its own, or one that inherited it. */
function isUsed(target: string, directories: readonly string[]): boolean {
  const links = [...new Set(directories)].flatMap((directory) => linksIn(directory, target));
  return [target, ...links].some((path) => existsSync(path.replace(/\.state$/, '.board')));
}

function linksIn(directory: string, target: string): string[] {
  const names = readdirSync(directory).filter((name) => /^prefork-.*\.state$/.test(name));
  return names.map((name) => join(directory, name)).filter((path) => path !== target && targetOf(path) === target);
}
