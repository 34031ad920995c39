import { lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { registered } from '../worker/registry.ts';
import { StateError } from './error.ts';
import { messageOf } from '../contract/message-of.ts';

/**
 * Returns the directory in which the workers of this primary keep their state. The directory is beside the scoreboard
 * and is removed with it: by the primary when it ends, by the last workers when the primary was killed, or by the next
 * primary when they were killed too (src/scoreboard/state-directory.ts).
 *
 * @returns undefined in a process that is not a worker, whose state is its own.
 */
export function sharedDirectory(): string | undefined {
  const worker = registered();
  if (worker === undefined) return undefined;
  if (!worker.board) {
    throw new StateError(
      'ERR_STATE_PLACE',
      'prefork could not create a file for its workers to share (its log says why): give openState a path',
    );
  }
  const directory = inherited(worker.board.replace(/\.board$/, '.state'));
  makeOwn(directory);
  return directory;
}

/**
 * Follows the link that the primary creates after an upgrade. The link leads to the directory of the previous primary's
 * workers.
 */
function inherited(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() && isOwn(found.uid, 0) ? readlinkSync(path) : path;
}

/** Creates the directory. Where all users may write to the parent, another user may have taken the name. */
function makeOwn(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    const found = lstatSync(directory, { throwIfNoEntry: false });
    if (found?.isDirectory() && isOwn(found.uid)) return;
    const why = found === undefined ? messageOf(cause) : 'it is not a directory of this user';
    throw new StateError('ERR_STATE_PLACE', `cannot keep state in ${directory}: ${why}`, { cause });
  }
}

function isOwn(uid: number, ...others: readonly number[]): boolean {
  return process.geteuid === undefined || uid === process.geteuid() || others.includes(uid);
}
