/** What a server leaves behind: processes and files. Linux tells by /proc; elsewhere only the pids seen are looked at. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** In the environment of every process that a test has started, directly or not; each app has its own value. */
export const TEST_ID = 'PREFORK_TEST_ID';

/** The living processes that descend from the app, found by what they inherited; zombies have no environment. */
export function processesOf(testId: string): number[] {
  return numericNames('/proc').filter((pid) => environment(pid).includes(`${TEST_ID}=${testId}`));
}

/** Whether the pid is a process that is not yet dead; a zombie is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return state(pid) !== 'Z';
}

/** `R`, `S`, `T` (stopped), `Z` (zombie)...: proc(5). Undefined where there is no /proc. */
export function state(pid: number): string | undefined {
  // After the command's name, which is in brackets and may hold anything.
  return /^\d+ \(.*\) (\w)/s.exec(read(`/proc/${pid}/stat`))?.[1];
}

export function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** Those that it has started, also where they have none of its environment. */
export function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** The scoreboard, and whatever else carries the primary's pid in the places for such files. */
export function filesOfPrimary(pid: number): string[] {
  return ['/dev/shm', tmpdir()].flatMap((directory) =>
    names(directory)
      .filter((name) => new RegExp(`^prefork-\\d+-${pid}-`).test(name))
      .map((name) => join(directory, name)),
  );
}

/** Unix sockets anywhere below the directory. */
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

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Processes end while they are looked at: then there is nothing to read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
