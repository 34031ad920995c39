import { closeSync, constants, fstatSync, readdirSync, readFileSync } from 'node:fs';

/** The first descriptor after those of stdio. */
const FIRST = 3;

/** O_CLOEXEC of open(2), as proc(5) shows it in the flags of /proc/<pid>/fdinfo. */
const CLOSE_ON_EXEC = 0o2000000;

/** The kernel's clock for files goes in steps, and may be so much behind the clock of this process, ms. */
const CLOCK_STEP_MS = 20;

/** The flags with which V8 writes files. */
const WITH_FILES = /prof|log|trace|redirect|dump|gdbjit/;

/**
 * Closes descriptors that this process inherited and that its workers would inherit too, such as a lock of the shell,
 * or a file that another user had opened. Node marks inherited descriptors close-on-exec, but stops at the first number
 * above 15 that is not in use (libuv's uv_disable_stdio_inheritance). What Node opens itself is always marked. Call
 * this before anything but Node has opened files, because a library may forget to mark its own.
 *
 * V8 does not mark the files that it writes for `--prof`, `--perf-basic-prof` and the like. It would write on into
 * whatever gets the number of such a file after that is closed. So with such a flag what may be one of these stays open.
 *
 * @param kept the descriptors that stay open.
 * @param flags those of this process's node.
 * @returns the descriptors that were closed.
 */
export function closeInherited(
  kept: readonly number[] = [],
  directory = '/proc/self',
  flags: readonly string[] = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''],
): number[] {
  const hasFiles = flags.some((flag) => WITH_FILES.test(flag));
  return descriptorsIn(directory).filter((fd) => {
    if (fd < FIRST || kept.includes(fd)) return false;
    const mode = flagsOf(fd, directory);
    if (mode === undefined || (mode & CLOSE_ON_EXEC) !== 0 || (hasFiles && mayBeOurs(fd, mode))) return false;
    closeSync(fd);
    return true;
  });
}

/** Tells whether this process itself may write the file: it is open for writing, and was changed since the process began. */
function mayBeOurs(fd: number, flags: number): boolean {
  if ((flags & (constants.O_WRONLY | constants.O_RDWR)) === 0) return false;
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.ctimeMs >= performance.timeOrigin - CLOCK_STEP_MS;
  } catch {
    // Nothing has this descriptor any more.
    return true;
  }
}

function descriptorsIn(directory: string): number[] {
  try {
    return readdirSync(`${directory}/fd`).map(Number);
  } catch {
    // The system is not Linux, or has no /proc.
    return [];
  }
}

/** The flags of open(2). Undefined without /proc, and when nothing has the descriptor any more: by one the directory was read. */
export function flagsOf(fd: number, directory = '/proc/self'): number | undefined {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${directory}/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags === undefined ? undefined : Number.parseInt(flags, 8);
  } catch {
    return undefined;
  }
}
