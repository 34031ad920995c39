import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Account } from './account.ts';

/** The kernel's limit of links in a path (path_resolution(7)). */
const MOST_LINKS = 40;

/** The bit of the mode for a directory in which only the owner of an entry may rename or remove it. */
const STICKY = 0o1000;
const GROUP_WRITABLE = 0o020;
const OTHERS_WRITABLE = 0o002;

type Who = Pick<Account, 'uid' | 'gid'>;

/**
 * Finds a part of a path that the account may change: the file, a directory on the way to it, or a link that is
 * followed. Access control lists are not considered.
 *
 * @returns the first such place; undefined when there is none.
 */
export function writablePart(path: string, who: Who): string | undefined {
  return inspect(resolve(path), who, { links: 0, isEntryMissing: false });
}

interface Walk {
  readonly links: number;
  /** True when the entry that led here is missing. An account that may write to the directory may create it. */
  readonly isEntryMissing: boolean;
}

function inspect(path: string, who: Who, walk: Walk): string | undefined {
  const { links } = walk;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && isChangeable(stats, who, walk)) return path;
  if (stats?.isSymbolicLink() === true && links < MOST_LINKS) {
    const target = inspect(resolve(dirname(path), readlinkSync(path)), who, {
      links: links + 1,
      isEntryMissing: false,
    });
    if (target !== undefined) return target;
  }
  const parent = dirname(path);
  return parent === path ? undefined : inspect(parent, who, { links, isEntryMissing: stats === undefined });
}

function isChangeable(stats: Stats, who: Who, { isEntryMissing }: Walk): boolean {
  const { uid, gid, mode } = stats;
  if (uid === who.uid) return true;
  // The mode of a link means nothing.
  if (stats.isSymbolicLink()) return false;
  // An entry of a sticky directory belongs to its owner alone. An entry that is missing belongs to the first user who
  // creates it.
  if (stats.isDirectory() && (mode & STICKY) !== 0 && !isEntryMissing) return false;
  return (gid === who.gid && (mode & GROUP_WRITABLE) !== 0) || (mode & OTHERS_WRITABLE) !== 0;
}
