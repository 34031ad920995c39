import { closeSync, existsSync, chmodSync, lstatSync, mkdirSync, openSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { StateError } from '../error.ts';
import { messageOf } from '../../contract/message-of.ts';
import { systemCode } from '../../contract/system-code.ts';

/** All files in a store's directory. SQLite creates those of the database. */
const FILES = ['versions', 'changes', 'store.db', 'store.db-wal', 'store.db-shm', 'store.db-journal'] as const;

const GROUP_OR_OTHERS_WRITE = 0o022;
const GROUP_OR_OTHERS = 0o077;

/**
 * Creates the directory of a store, or checks the one that is there. It must belong to this user, other users must not
 * be able to write to it, and the store's files must not be links. Another user could have put a link there for us to
 * write through. The files are for this user alone, because they may hold sessions. SQLite gives its files the mode of
 * the database.
 *
 * @returns the same path.
 * @throws StateError `ERR_STATE_PLACE` that says what is wrong and what to do.
 */
export function takeDirectory(directory: string): string {
  try {
    make(directory);
    // Windows has no such owners and modes.
    if (process.geteuid === undefined) return directory;
    check(directory, statSync(directory), process.geteuid());
    for (const name of FILES) checkFile(join(directory, name), process.geteuid());
    closeToOthers(join(directory, 'store.db'));
    return directory;
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw unfit(directory, messageOf(error), error);
  }
}

function make(directory: string): void {
  if (existsSync(directory)) return;
  make(dirname(directory));
  try {
    // The `recursive` option would not do: Node never returns from it where the kernel creates no directories, as in
    // /proc.
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another worker was faster.
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function check(directory: string, stats: Stats, user: number): void {
  if (!stats.isDirectory()) throw unfit(directory, 'it is not a directory');
  if (stats.uid !== user) throw unfit(directory, `it belongs to uid ${stats.uid}, and this is uid ${user}: chown it`);
  if ((stats.mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    const mode = (stats.mode & 0o777).toString(8);
    throw unfit(directory, `other users may write to it (mode 0${mode}): chmod go-w it`);
  }
}

function checkFile(path: string, user: number): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile() || stats.nlink !== 1 || stats.uid !== user) {
    throw unfit(path, 'it is a link, or is no file, or does not belong to this user: remove it');
  }
}

/**
 * Creates the file before SQLite does, because SQLite would let the umask decide who may read it. A file that exists is
 * not opened: closing a descriptor of it ends every lock that this process has on it (fcntl(2)), including those of
 * SQLite's connections.
 */
function closeToOthers(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    if ((statSync(path).mode & GROUP_OR_OTHERS) !== 0) chmodSync(path, 0o600);
  }
}

function unfit(path: string, why: string, cause?: unknown): StateError {
  return new StateError('ERR_STATE_PLACE', `cannot keep state in ${path}: ${why}`, { cause });
}
