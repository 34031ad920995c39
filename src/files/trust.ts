/** Tells which directories are safe: only this user and root can replace the files in them. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** The id by which files know this user. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/**
 * Says why another user could move or replace what `uid` creates in the directory; undefined when that is impossible.
 * All directories above count, too: their owners can replace what is below.
 *
 * @param path the path with its links resolved, see `resolved`.
 */
export function whyNotTrusted(path: string, uid: number = userId()): string | undefined {
  // In a user namespace the machine's root appears as the overflow id (65534). The owner of `/` decides about
  // everything anyway.
  const trusted = [0, uid, statSync('/').uid];
  for (let directory = path; ; directory = dirname(directory)) {
    const stats = statSync(directory);
    if (!trusted.includes(stats.uid)) return `${directory} belongs to another user (uid ${stats.uid})`;
    // In a sticky directory such as /tmp, only the owner of a file can move it.
    if (canOthersWrite(stats) && (stats.mode & STICKY) === 0) {
      return `${directory} can be changed by other users (mode ${octal(stats.mode)}): chmod go-w it, or chmod +t`;
    }
    if (directory === dirname(directory)) return undefined;
  }
}

export function canOthersWrite({ mode }: Stats): boolean {
  return (mode & OTHERS_WRITE) !== 0;
}

/** Returns the directory itself, without links that could later lead elsewhere; undefined when there is none. */
export function resolved(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return statSync(real).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Formats a mode as `0755`. */
export function octal(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`;
}
