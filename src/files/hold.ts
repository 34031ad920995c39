/**
 * Looks at files in another user's directories. That user may change what is there at any time: put a link in the place of a file, or a
 * file system of user space over it. So each part of the path is held by a descriptor that asks nothing of it (open(2), O_PATH), and
 * what is done with the file goes by the descriptor.
 */
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { unlessMissing } from './missing.ts';
import { kernelMounts } from './mounts.ts';

/** See open(2). Node does not name it, because only Linux has it. */
const O_PATH = 0o10000000;

/** The descriptors of this process, as paths. */
const DESCRIPTORS = '/proc/self/fd';

let isAble: boolean | undefined;

/** The list of mounts, for as long as nothing else can run in this process. A mount that comes meanwhile is not in it, and not trusted. */
let mountsNow: ReadonlySet<string> | undefined;

/** Whether files can be held: /proc is there, and lists all mounts, which it does not after chroot(2) and in some sandboxes. */
function canHold(): boolean {
  isAble ??= process.platform === 'linux' && existsSync(DESCRIPTORS) && listsAll();
  return isAble;
}

function listsAll(): boolean {
  const fd = openFile('/');
  if (fd === undefined) return false;
  try {
    return !mayWait(fd, listedMounts());
  } finally {
    closeSync(fd);
  }
}

/** Reads the list once where many files are held one after another: it may be long, and the kernel makes it anew for each reader. */
function listedMounts(): ReadonlySet<string> {
  if (mountsNow === undefined) {
    mountsNow = kernelMounts();
    queueMicrotask(() => (mountsNow = undefined));
  }
  return mountsNow;
}

export interface Held {
  /** A path that leads to this very file while it is held. */
  readonly path: string;
  readonly stats: Stats;
}

/** Must be finished with the file when it returns. */
type Use<Result> = (held: Held) => Result;

/**
 * Holds a file, a link at the end of the path itself and not what it leads to.
 *
 * @param path a path without links in it.
 * @param mounts may be given where many files are held one after another, and others wait for their turn in between.
 * @returns what `use` returns; undefined where there is no such file, or it is on a file system of user space.
 * @throws Error where that is not known: see `unlessMissing`.
 */
export function hold<Result>(
  path: string,
  use: Use<Result>,
  mounts: ReadonlySet<string> = listedMounts(),
): Result | undefined {
  const names = path.split('/').filter(Boolean);
  return canHold() ? holdBelow('', names, use, mounts) : useUnheld(path, use);
}

/**
 * Tells whether anything has the name, without a look at what it is.
 *
 * @param path a path without links in it.
 * @throws Error as `hold` does.
 */
export function isTaken(path: string): boolean {
  if (!canHold()) return statsAt(path) !== undefined;
  const fd = openFile(path);
  if (fd !== undefined) closeSync(fd);
  return fd !== undefined;
}

/** Holds the file of this name in a directory that is held. */
export function holdIn<Result>(
  { path }: Held,
  name: string,
  use: Use<Result>,
  mounts: ReadonlySet<string> = listedMounts(),
): Result | undefined {
  return canHold() ? holdBelow(path, [name], use, mounts) : useUnheld(`${path}/${name}`, use);
}

function holdBelow<Result>(
  from: string,
  [name, ...names]: readonly string[],
  use: Use<Result>,
  mounts: ReadonlySet<string>,
): Result | undefined {
  const fd = openFile(`${from}/${name ?? ''}`);
  if (fd === undefined) return undefined;
  try {
    if (mayWait(fd, mounts)) return undefined;
    const path = `${DESCRIPTORS}/${fd}`;
    return names.length > 0 ? holdBelow(path, names, use, mounts) : use({ path, stats: fstatSync(fd) });
  } finally {
    closeSync(fd);
  }
}

function openFile(path: string): number | undefined {
  return unlessMissing(() => openSync(path, O_PATH | constants.O_NOFOLLOW));
}

/** Whether a program of a user's would be asked about the file. The kernel tells this without asking it. */
function mayWait(fd: number, mounts: ReadonlySet<string>): boolean {
  const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`${DESCRIPTORS}info/${fd}`, 'latin1'))?.[1];
  // A mount that is in no list has been taken away meanwhile.
  return id === undefined || !mounts.has(id);
}

function useUnheld<Result>(path: string, use: Use<Result>): Result | undefined {
  const stats = statsAt(path);
  return stats && use({ path, stats });
}

function statsAt(path: string): Stats | undefined {
  return unlessMissing(() => lstatSync(path, { throwIfNoEntry: false }));
}
