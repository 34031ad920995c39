/**
 * The directory of a store and the files in it, as they have to be before anything is opened: this user's, for this user
 * alone, and no links. Another user who may write to the directory could plant a link there, and what is written through it
 * is written with our rights. Where the directory is ours the checks hold: no other user can change what was looked at.
 */
import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, realpathSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../error.ts';

const OTHERS_WRITE = 0o022;
const OTHERS = 0o077;

/**
 * Makes the directory where there is none, with those above it.
 *
 * @throws StateError `ERR_STATE_PLACE` for one that is another user's, or that others may write to.
 */
export function makeDirectory(directory: string): void {
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) make(directory);
  else checkDirectory(directory);
}

/** @throws StateError `ERR_STATE_PLACE` for one that is no file, another user's, or has a second name. */
export function checkFiles(directory: string, names: readonly string[]): void {
  for (const name of names) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isFile()) throw refused(path, found.isSymbolicLink() ? 'it is a link' : 'it is no file', 'remove it');
    if (found.nlink > 1) throw refused(path, 'it has a second name somewhere (a hard link)', 'remove it');
    checkOwner(path, found);
    if (knowsModes() && (found.mode & OTHERS) !== 0) chmodSync(path, 0o600);
  }
}

/**
 * Makes an empty file that only this user may read: SQLite would make it with what the umask leaves. A file that is there is
 * never opened: closing it would end the locks that this process has on it (fcntl(2)).
 */
export function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Not `recursive`, with which Node never returns where the kernel makes no directories, as in /proc. */
function make(directory: string): void {
  const above = dirname(directory);
  if (lstatSync(above, { throwIfNoEntry: false }) === undefined) make(above);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // Another worker was faster, or another user.
    checkDirectory(directory);
  }
}

function checkDirectory(directory: string): void {
  const link = lstatSync(directory);
  if (link.isSymbolicLink()) checkOwner(directory, link, 0);
  const path = realpathSync(directory);
  const found = lstatSync(path);
  if (!found.isDirectory()) throw refused(path, 'it is no directory', 'give another path');
  checkOwner(path, found);
  if (knowsModes() && (found.mode & OTHERS_WRITE) !== 0) {
    throw refused(path, `others may write to it (mode ${(found.mode & 0o7777).toString(8)})`, `chmod go-w ${path}`);
  }
}

function checkOwner(path: string, { uid }: Stats, ...others: readonly number[]): void {
  const own = process.geteuid?.() ?? uid;
  if (uid === own || others.includes(uid)) return;
  throw refused(path, `it belongs to the user ${uid}, and this is ${own}`, 'chown it, or give another path');
}

/** Windows has none. */
function knowsModes(): boolean {
  return process.geteuid !== undefined;
}

function refused(path: string, why: string, remedy: string): StateError {
  return new StateError('ERR_STATE_PLACE', `cannot keep state in ${path}: ${why}: ${remedy}`);
}
