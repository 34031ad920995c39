import { lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { registered } from '../worker/registry.ts';
import { StateError } from './error.ts';

/**
 * Where the workers of this primary keep their state: a directory beside the scoreboard, which is removed with it, whoever
 * does that: the primary when it ends, the last workers when it was killed, or the next primary when they were too
 * (src/scoreboard/state-directory.ts).
 *
 * @returns undefined in a process that is no worker: its state is its own.
 */
export function sharedDirectory(): string | undefined {
  const worker = registered();
  if (worker === undefined) return undefined;
  if (!worker.board) {
    throw new StateError(
      'ERR_STATE_PLACE',
      'prefork could make no file for its workers to share (its log says why): give openState a path',
    );
  }
  const directory = inherited(worker.board.replace(/\.board$/, '.state'));
  makeOwn(directory);
  return directory;
}

/** After an upgrade there is a link, which the primary made, to where the workers of the one before it have theirs. */
function inherited(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() && isOwn(found.uid, 0) ? readlinkSync(path) : path;
}

/** In a directory that all may write to, this name may have been taken by another user. */
function makeOwn(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (cause) {
    const found = lstatSync(directory, { throwIfNoEntry: false });
    if (found?.isDirectory() && isOwn(found.uid)) return;
    const why = found === undefined ? (cause as Error).message : 'it is not a directory of this user';
    throw new StateError('ERR_STATE_PLACE', `cannot keep state in ${directory}: ${why}`, { cause });
  }
}

function isOwn(uid: number, ...others: readonly number[]): boolean {
  return process.geteuid === undefined || uid === process.geteuid() || others.includes(uid);
}
