import { chownSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { whyNotTrusted } from '../control/files/trust.ts';
import type { Account } from './account.ts';

/** Where only root makes entries (file-hierarchy(7)), so that none of them is another user's trap. */
const RUN = '/run';

/**
 * Makes `/run/prefork-<uid>` for the account, as systemd's `RuntimeDirectory=` does: its control sockets are then in a place
 * that no other user can have taken before. Without /run, or where it is not root's alone, they are in the temporary directory.
 *
 * @param run of `PREFORK_RUNTIME_DIR`, in place of /run.
 * @returns whether it is there, and the account's.
 */
export function prepareRuntimeDirectory({ uid, gid }: Pick<Account, 'uid' | 'gid'>, run: string = RUN): boolean {
  try {
    const parent = realpathSync(run);
    const { uid: owner, mode } = lstatSync(parent);
    if (owner !== process.geteuid!() || (mode & 0o022) !== 0 || whyNotTrusted(parent) !== undefined) return false;
    const path = join(parent, `prefork-${uid}`);
    mkdirIfMissing(path);
    const made = lstatSync(path);
    if (!made.isDirectory()) return false;
    // An earlier start made it and ended before it was given away. The parent is root's: it is still the same directory.
    if (made.uid === process.geteuid!()) chownSync(path, uid, gid);
    return made.uid === process.geteuid!() || made.uid === uid;
  } catch {
    return false;
  }
}

function mkdirIfMissing(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
