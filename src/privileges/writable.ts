import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Account } from './account.ts';

/** The kernel's own limit of links in a path (path_resolution(7)). */
const MOST_LINKS = 40;

/** The mode's bit for a directory in which only the owner of an entry may rename or remove it. */
const STICKY = 0o1000;
const GROUP_WRITABLE = 0o020;
const OTHERS_WRITABLE = 0o002;

type Who = Pick<Account, 'uid' | 'gid'>;

/**
 * What of a path the account may change: the file, a directory on the way to it, or a link that is followed. Access control
 * lists are not looked at.
 *
 * @returns the first place that it may change; undefined when there is none.
 */
export function writablePart(path: string, who: Who): string | undefined {
  return inspect(resolve(path), who, 0);
}

function inspect(path: string, who: Who, links: number): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  // Who may make what is not there is decided by the directory.
  if (stats !== undefined && isChangeable(stats, who)) return path;
  if (stats?.isSymbolicLink() === true && links < MOST_LINKS) {
    const target = inspect(resolve(dirname(path), readlinkSync(path)), who, links + 1);
    if (target !== undefined) return target;
  }
  const parent = dirname(path);
  return parent === path ? undefined : inspect(parent, who, links);
}

function isChangeable(stats: Stats, who: Who): boolean {
  const { uid, gid, mode } = stats;
  if (uid === who.uid) return true;
  // The mode of a link means nothing, and an entry of a sticky directory is its owner's alone.
  if (stats.isSymbolicLink() || (stats.isDirectory() && (mode & STICKY) !== 0)) return false;
  return (gid === who.gid && (mode & GROUP_WRITABLE) !== 0) || (mode & OTHERS_WRITABLE) !== 0;
}
