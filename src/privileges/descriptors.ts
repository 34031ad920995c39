import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** Below are stdio's. */
const FIRST = 3;

/** O_CLOEXEC of open(2), as proc(5) has it in the flags of /proc/<pid>/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes what this process was started with and what would be in its workers too: a lock of the shell that started it, a file
 * that another user than theirs had opened. Node marks what it inherits as its own affair, but stops at the first number above
 * 15 that is not taken (libuv's uv_disable_stdio_inheritance); what it opens itself is always marked. To be called before
 * anything else than Node has opened files: a library may forget to mark its own.
 *
 * @param kept those that are wanted.
 */
export function closeInherited(kept: readonly number[] = [], directory = '/proc/self'): number[] {
  return descriptorsIn(directory).filter((fd) => {
    if (fd < FIRST || kept.includes(fd) || !isInheritable(fd, directory)) return false;
    closeSync(fd);
    return true;
  });
}

function descriptorsIn(directory: string): number[] {
  try {
    return readdirSync(`${directory}/fd`).map(Number);
  } catch {
    // No Linux, or no /proc.
    return [];
  }
}

function isInheritable(fd: number, directory: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${directory}/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The one by which the directory was read.
    return false;
  }
}
