/**
 * Finds what a server leaves behind: processes and files. Linux tells by /proc. On other systems only known pids are
 * checked.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseStat } from '../../src/contract/process-stat.ts';

/**
 * This variable is in the environment of every process that a test has started, directly or not. Each app has its own
 * value.
 */
export const TEST_ID = 'PREFORK_TEST_ID';

/** Lists the living processes that descend from the app, by the environment that they inherited. Zombies have none. */
export function processesOf(testId: string): number[] {
  return numericNames('/proc').filter((pid) => environment(pid).includes(`${TEST_ID}=${testId}`));
}

/** Tells whether the pid is a process that is not yet dead. A zombie counts as dead. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return state(pid) !== 'Z';
}

/**
 * Returns the state as in proc(5): `R`, `S`, `T` (stopped), `Z` (zombie) and so on; undefined where there is no /proc.
 */
export function state(pid: number): string | undefined {
  return parseStat(read(`/proc/${pid}/stat`))?.state;
}

export function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Lists the children of a process, even those that do not have its environment. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Lists the scoreboard, and other files with the primary's pid in the places for such files. */
export function filesOfPrimary(pid: number): string[] {
  return ['/dev/shm', tmpdir()].flatMap((directory) =>
    names(directory)
      .filter((name) => new RegExp(`^prefork-\\d+-${pid}-`).test(name))
      .map((name) => join(directory, name)),
  );
}

/** Lists the Unix sockets anywhere below the directory. */
export function socketsIn(directory: string): string[] {
  return names(directory).flatMap((name) => {
    const path = join(directory, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return socketsIn(path);
    return stats?.isSocket() ? [path] : [];
  });
}

function environment(pid: number): string[] {
  return read(`/proc/${pid}/environ`).split('\0');
}

function numericNames(directory: string): number[] {
  return names(directory).map(Number).filter(Number.isInteger);
}

export function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Processes may end while they are examined, and then there is nothing to read. */
export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
