/**
 * Knows where file systems of user space (FUSE) are mounted. Any user may mount one over a directory or file of theirs, and a
 * program that looks there waits until the user's own program answers, which need not be ever.
 */
import { readFileSync } from 'node:fs';

/** Returns the mount points of such file systems, in the kernel's own list, which asks none of them. */
export function fuseMounts(list: string = readMounts()): string[] {
  return list.split('\n').flatMap((line) => {
    // proc(5): id, parent, device, root, mount point, options, optional fields, a dash, type, source, options.
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    return point !== undefined && after.startsWith('fuse') ? [unescaped(point)] : [];
  });
}

export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** The kernel writes blanks and backslashes as octal numbers. */
function unescaped(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
