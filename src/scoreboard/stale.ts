import { closeSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { systemCode } from '../contract/system-code.ts';
import { firstNamesIn, MOST_LOOKS } from '../files/names.ts';
import { removeBoard } from './file.ts';
import { sweepLeftovers } from './leftovers.ts';
import { openBoard } from './header.ts';
import { isOwn } from './look.ts';
import type { Header } from './layout.ts';
import { boardDirectories, parseBoardFileName, userId } from './place.ts';

// `performance.timeOrigin` would be exact, but loading it costs the primary 1.6 MB (Node 24).
const startedAt = Date.now() - process.uptime() * 1000;

/** Two readings of the same start differ by less than this, because another copy of this module took its own. */
const SAME_START_MS = 1000;

/** Identifies this process as the primary in the header of its board. */
export function thisPrimary(): Pick<Header, 'primaryPid' | 'pidNamespace' | 'primaryStartedAt'> {
  return { primaryPid: process.pid, pidNamespace: pidNamespace(), primaryStartedAt: startedAt };
}

/**
 * Removes the boards that killed primaries of this user left, and leftovers of boards that are gone. Other files stay:
 * those of another user, those that are not boards, and boards of another format or container.
 *
 * @returns the paths of the boards removed
 */
export function sweepStale(directories: readonly string[] = boardDirectories()): string[] {
  const removed: string[] = [];
  for (const path of directories.flatMap(listBoards)) {
    try {
      if (!isOwn(path) || !isStale(path)) continue;
      removeBoard(path);
      removed.push(path);
    } catch {
      // The file may not be ours to remove after all. A failure of housekeeping must not keep a server from starting.
    }
  }
  for (const directory of directories) sweepLeftovers(directory, isAlive);
  return removed;
}

/** Any user can make any number of such names. What is not looked at for that stays. */
function listBoards(directory: string): string[] {
  const names = firstNamesIn(directory).filter((fileName) => parseBoardFileName(fileName)?.uid === userId());
  return names.slice(0, MOST_LOOKS).map((fileName) => join(directory, fileName));
}

/** Tells whether the file at `path` is a board whose primary is certainly gone. */
export function isStale(path: string): boolean {
  const header = headerOf(path);
  const owner = thisPrimary();
  // A pid means nothing outside its namespace: containers that share /dev/shm or /tmp may all have a primary with pid
  // 1.
  if (header === undefined || header.pidNamespace !== owner.pidNamespace) return false;
  if (header.primaryPid !== parseBoardFileName(basename(path))?.primaryPid) return false;
  // The pid is ours but the time is not. The board belongs to a predecessor, for example to pid 1 before the container
  // was restarted.
  if (header.primaryPid === owner.primaryPid) return Math.abs(header.primaryStartedAt - startedAt) > SAME_START_MS;
  return !isAlive(header.primaryPid);
}

function headerOf(path: string): Header | undefined {
  try {
    const { fd, header } = openBoard(path, 'read');
    closeSync(fd);
    return header;
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a process exists. Signal 0 asks without sending. EPERM means that the process belongs to another user.
 */
function isAlive(pid: number): boolean {
  // To kill(2), 0 and negative numbers mean groups of processes. No process has such a pid.
  if (pid < 1 || pid > 0x7fffffff) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

function pidNamespace(): number {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0);
  } catch {
    return 0;
  }
}
