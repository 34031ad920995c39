import { chownSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { hold } from '../control/files/hold.ts';
import { whyNotTrusted } from '../control/files/trust.ts';
import type { Account } from './account.ts';

/** Only root can create entries here (file-hierarchy(7)), so none of them is another user's trap. */
const RUN = '/run';

/**
 * Creates `/run/prefork-<uid>` for the account, as systemd's `RuntimeDirectory=` does. No other user can then have
 * taken the place of its control sockets. Without /run, or where others may write to it, the sockets are in the
 * temporary directory.
 *
 * @param run the value of `PREFORK_RUNTIME_DIR`, in place of /run.
 * @returns whether the directory exists and belongs to the account.
 */
export function prepareRuntimeDirectory({ uid, gid }: Pick<Account, 'uid' | 'gid'>, run: string = RUN): boolean {
  try {
    const parent = realpathSync(run);
    const { uid: owner, mode } = lstatSync(parent);
    if (owner !== process.geteuid!() || (mode & 0o022) !== 0 || whyNotTrusted(parent) !== undefined) return false;
    const path = join(parent, `prefork-${uid}`);
    mkdirIfMissing(path);
    // The account may have mounted something there that never answers.
    const made = hold(path, ({ stats }) => stats);
    if (made?.isDirectory() !== true) return false;
    // An earlier start created it and ended before it gave it away. The parent belongs to root, so this is still the
    // same directory.
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
