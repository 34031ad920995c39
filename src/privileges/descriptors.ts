import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** The first descriptor after those of stdio. */
const FIRST = 3;

/** O_CLOEXEC of open(2), as proc(5) shows it in the flags of /proc/<pid>/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes descriptors that this process inherited and that its workers would inherit too, such as a lock of the shell,
 * or a file that another user had opened. Node marks inherited descriptors close-on-exec, but stops at the first number
 * above 15 that is not in use (libuv's uv_disable_stdio_inheritance). What Node opens itself is always marked. Call
 * this before anything but Node has opened files, because a library may forget to mark its own.
 *
 * @param kept the descriptors that stay open.
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
    // The system is not Linux, or has no /proc.
    return [];
  }
}

function isInheritable(fd: number, directory: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${directory}/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // This was the descriptor by which the directory was read.
    return false;
  }
}
