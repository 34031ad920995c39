import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Stdin, stdout, stderr. */
const STDIO = [0, 1, 2];

/**
 * What tells whether the terminal that this process was started in has been closed. A process that was detached from it at
 * the start, by nohup or by redirecting all three of stdin, stdout and stderr, was started in none.
 *
 * @param hasTerminal of now.
 */
export function terminalWatch(hasTerminal: () => boolean = isAtTerminal): () => boolean {
  const hadOne = hasTerminal();
  return () => hadOne && !hasTerminal();
}

/** A terminal that was closed is none for isatty(3); and /dev/tty is there for whoever has a controlling one (tty(4)). */
function isAtTerminal(): boolean {
  return STDIO.some((fd) => isatty(fd)) && hasControllingTerminal();
}

function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch (error) {
    // Without one it is ENXIO. Anything else, such as EMFILE, says nothing.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENXIO' && code !== 'ENOENT';
  }
}
