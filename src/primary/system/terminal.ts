import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The descriptors of stdin, stdout and stderr. */
const STDIO = [0, 1, 2];

/**
 * Returns a function that tells whether the terminal that this process was started in has been closed. A process may
 * have been detached at its start, by nohup or by redirecting all three of stdin, stdout and stderr. Such a process
 * counts as started without one.
 *
 * @param hasTerminal tells whether the process is at a terminal now.
 */
export function terminalWatch(hasTerminal: () => boolean = isAtTerminal): () => boolean {
  const hadOne = hasTerminal();
  return () => hadOne && !hasTerminal();
}

/**
 * Tells whether this process is at a terminal. isatty(3) is false for a terminal that was closed, and a process that
 * has a controlling terminal can open /dev/tty (tty(4)).
 */
function isAtTerminal(): boolean {
  return STDIO.some((fd) => isatty(fd)) && hasControllingTerminal();
}

function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch (error) {
    // A process without a terminal gets ENXIO. Any other error, such as EMFILE, says nothing.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENXIO' && code !== 'ENOENT';
  }
}
