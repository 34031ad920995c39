/**
 * Knows which mounts are the kernel's own file systems, and which are of user space (FUSE). Any user may mount one of the latter over a
 * directory or file of theirs, and a program that looks there waits until the user's own program answers, which need not be ever.
 */
import { readFileSync } from 'node:fs';
import { unlessMissing } from './missing.ts';

/** The user that has mounted a file system of user space. */
const MOUNTED_BY = /(?:^|,)user_id=(\d+)(?:,|$)/;

/**
 * Returns the ids of the mounts that no other user's program answers for, by the kernel's list, which asks none of them. What root has
 * mounted is trusted: in some containers everything is on such a file system.
 *
 * @param uid this user, who may have its directories on one of its own.
 * @throws Error where there is a list, and it cannot be read now: see `unlessMissing`.
 */
export function kernelMounts(list: string = readMounts(), uid: number = process.geteuid?.() ?? 0): ReadonlySet<string> {
  const ids = list.split('\n').flatMap((line) => {
    // proc(5): id, parent, device, root, mount point, options, optional fields, a dash, type, source, options.
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', , options = ''] = after.split(' ');
    const isOfOther = type.startsWith('fuse') && ![0, uid].includes(Number(MOUNTED_BY.exec(options)?.[1] ?? NaN));
    return type === '' || isOfOther ? [] : [before.split(' ', 1)[0]!];
  });
  return new Set(ids);
}

function readMounts(): string {
  return unlessMissing(() => readFileSync('/proc/self/mountinfo', 'utf8')) ?? '';
}
