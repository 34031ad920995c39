/**
 * Ends and removes what killed runs of the tests left behind: servers that still run, and directories. A name or the
 * environment tells the owner of something, and /proc tells that the owner is gone. Nothing is done without /proc.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseStat } from '../../src/contract/process-stat.ts';
import { names, read } from './leftovers.ts';

/** This variable is in the environment of every process that a test has started, directly or not. */
export const TEST_OWNER = 'PREFORK_TEST_OWNER';

/** This process, by its pid and its start, because pids are reused. */
export const owner: string = ownerOf(process.pid) ?? `${process.pid}.0`;

/** The environment of a program that a test starts, and that the next run ends if this one cannot. */
export function ownedEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, [TEST_OWNER]: owner };
}

/** Creates a directory, which the next run removes if this one cannot. */
export function testDirectory(kind: string): string {
  return mkdtempSync(join(tmpdir(), `prefork-${kind}-${owner}-`));
}

/**
 * Ends and removes what was left.
 *
 * @returns the pids that were killed and the directories that were removed.
 */
export function sweepAbandoned(): { readonly pids: readonly number[]; readonly directories: readonly string[] } {
  const pids = names('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isAbandoned(environmentOwner(pid)));
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has ended, or belongs to another user.
    }
  }
  const directories = names(tmpdir())
    .filter((name) => isAbandoned(/^prefork-[a-z]+-(\d+\.\d+)-/.exec(name)?.[1]))
    .map((name) => join(tmpdir(), name));
  for (const directory of directories) {
    try {
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // Another test file sweeps too, or the directory belongs to another user.
    }
  }
  return { pids, directories };
}

function isAbandoned(other: string | undefined): boolean {
  if (other === undefined || ownerOf(process.pid) === undefined) return false;
  return ownerOf(Number(other.split('.')[0])) !== other;
}

/** Identifies a process; undefined when there is none, when it is dead, and where there is no /proc. */
function ownerOf(pid: number): string | undefined {
  const stat = parseStat(read(`/proc/${pid}/stat`));
  return stat === undefined || stat.state === 'Z' ? undefined : `${pid}.${stat.startedAt}`;
}

function environmentOwner(pid: number): string | undefined {
  const variable = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((one) => one.startsWith(`${TEST_OWNER}=`));
  return variable?.slice(TEST_OWNER.length + 1);
}
