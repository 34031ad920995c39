import { realpathSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hold, isTaken as isTakenAt } from '../files/hold.ts';
import { unlessMissing } from '../files/missing.ts';

/** Tells whether `uid` is this process's. Without user ids (Windows), all files belong to one user. */
export function isOf(uid: number): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}

/**
 * Looks at a file in a directory with boards, where all users may make files of any name.
 *
 * @returns undefined where there is no file, or one that another user's program answers for: see hold.ts.
 * @throws Error where that is not known. What somebody may still use is then not removed.
 */
export function lookAt(path: string): Stats | undefined {
  const file = unlessMissing(() => withoutLinks(path));
  return file === undefined ? undefined : hold(file, ({ stats }) => stats);
}

/** Tells whether there is such a file, and it is this user's. A link is a file of its own. */
export function isOwn(path: string): boolean {
  const found = lookAt(path);
  return found !== undefined && isOf(found.uid);
}

/** Tells whether anything of any user has the name. */
export function isTaken(path: string): boolean {
  return isTakenAt(withoutLinks(path));
}

function withoutLinks(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}
