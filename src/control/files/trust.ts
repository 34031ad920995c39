/** Which directories nobody but this user, and root, can put other files into the place of. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** This user, as files know it. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/**
 * Why what `uid` makes in the directory can be moved away or replaced by another user; undefined when it cannot. All of
 * the directories above count, too: the owner of any of them can put another one in the place of what is below.
 *
 * @param path with its links resolved, see `resolved`.
 */
export function whyNotTrusted(path: string, uid: number = userId()): string | undefined {
  // In a user namespace the machine's root has the id of nobody. Who owns `/` decides on everything anyway.
  const trusted = [0, uid, statSync('/').uid];
  for (let directory = path; ; directory = dirname(directory)) {
    const stats = statSync(directory);
    if (!trusted.includes(stats.uid)) return `${directory} belongs to another user (uid ${stats.uid})`;
    // In a sticky directory, as /tmp is, a file is moved by its owner only.
    if (canOthersWrite(stats) && (stats.mode & STICKY) === 0) {
      return `${directory} can be changed by other users (mode ${octal(stats.mode)}): chmod go-w it, or chmod +t`;
    }
    if (directory === dirname(directory)) return undefined;
  }
}

export function canOthersWrite({ mode }: Stats): boolean {
  return (mode & OTHERS_WRITE) !== 0;
}

/** The directory itself, which no link on the way to it can become another one of; undefined when there is none. */
export function resolved(path: string): string | undefined {
  try {
    const real = realpathSync(path);
    return statSync(real).isDirectory() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** `0755` */
export function octal(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`;
}
