import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
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
  return inspect(resolve(path), changeableBy(who), { links: 0, isEntryMissing: false });
}

/** Finds a part of a path that any user but root may change. @returns the first such place; undefined when there is none. */
export function partOfOthers(path: string): string | undefined {
  return inspect(resolve(path), isOthers(rootUids()), { links: 0, isEntryMissing: false });
}

/** In a user namespace the machine's root appears as the overflow id. The owner of `/` decides about everything anyway. */
export function rootUids(): readonly number[] {
  return [0, lstatSync('/').uid];
}

interface Walk {
  readonly links: number;
  /** True when the entry that led here is missing. An account that may write to the directory may create it. */
  readonly isEntryMissing: boolean;
}

type IsChangeable = (stats: Stats, walk: Walk) => boolean;

function inspect(path: string, isChangeable: IsChangeable, walk: Walk): string | undefined {
  const { links } = walk;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && isChangeable(stats, walk)) return path;
  if (stats?.isSymbolicLink() === true && links < MOST_LINKS) {
    const target = inspect(resolve(realDirectory(path), readlinkSync(path)), isChangeable, {
      links: links + 1,
      isEntryMissing: false,
    });
    if (target !== undefined) return target;
  }
  const parent = dirname(path);
  return parent === path ? undefined : inspect(parent, isChangeable, { links, isEntryMissing: stats === undefined });
}

function changeableBy(who: Who): IsChangeable {
  return (stats, walk) => stats.uid === who.uid || isOpenTo(stats, walk, ({ gid }) => gid === who.gid);
}

function isOthers(roots: readonly number[]): IsChangeable {
  return (stats, walk) => !roots.includes(stats.uid) || isOpenTo(stats, walk, ({ gid }) => gid !== 0);
}

function isOpenTo(stats: Stats, { isEntryMissing }: Walk, isOfGroup: (stats: Stats) => boolean): boolean {
  const { mode } = stats;
  // The mode of a link means nothing.
  if (stats.isSymbolicLink()) return false;
  // An entry of a sticky directory belongs to its owner alone. An entry that is missing belongs to the first user who
  // creates it.
  if (stats.isDirectory() && (mode & STICKY) !== 0 && !isEntryMissing) return false;
  return (isOfGroup(stats) && (mode & GROUP_WRITABLE) !== 0) || (mode & OTHERS_WRITABLE) !== 0;
}

/** A relative link leads on from where its directory is, and not from where a link to that directory stands. */
function realDirectory(path: string): string {
  try {
    return realpathSync(dirname(path));
  } catch {
    return dirname(path);
  }
}
