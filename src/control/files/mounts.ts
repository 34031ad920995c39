/**
 * Knows which mounts are the kernel's own file systems, and which are of user space (FUSE). Any user may mount one of the latter over a
 * directory or file of theirs, and a program that looks there waits until the user's own program answers, which need not be ever.
 */
import { readFileSync } from 'node:fs';

/** What root has mounted is trusted: in some containers everything is on such a file system. */
const OF_ROOT = /(?:^|,)user_id=0(?:,|$)/;

/** Returns the ids of the mounts that no user's program answers for, by the kernel's list, which asks none of them. */
export function kernelMounts(list: string = readMounts()): ReadonlySet<string> {
  const ids = list.split('\n').flatMap((line) => {
    // proc(5): id, parent, device, root, mount point, options, optional fields, a dash, type, source, options.
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', , options = ''] = after.split(' ');
    const isOfUser = type.startsWith('fuse') && !OF_ROOT.test(options);
    return type === '' || isOfUser ? [] : [before.split(' ', 1)[0]!];
  });
  return new Set(ids);
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
