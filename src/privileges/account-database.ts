/** The system's users and groups. Node cannot ask for them; these ways can, each where the one before it knows nothing. */
import { execFileSync } from 'node:child_process';
import { readIfThere, type ReadFile } from '../options/machine/cgroup.ts';

export interface UserEntry {
  readonly uid: number;
  /** Of its primary group. */
  readonly gid: number;
  readonly name: string | undefined;
  readonly home: string | undefined;
}

/** What a program prints; undefined when it failed or is not there. */
export type RunProgram = (program: string, args: readonly string[]) => string | undefined;

/** Of the system's programs. Root's own may begin in the application's directory, as npm has it. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/run/current-system/sw/bin';

/** How long a directory service may take to answer, ms. */
const PATIENCE = 5000;

/** @param key a name, or an id as a number. */
export function findUser(
  key: string | number,
  run: RunProgram = runProgram,
  read: ReadFile = readIfThere,
): UserEntry | undefined {
  return userOf(lookUp('passwd', key, run, read)) ?? userById(key, run);
}

/** @returns the group's id. */
export function findGroup(
  key: string | number,
  run: RunProgram = runProgram,
  read: ReadFile = readIfThere,
): number | undefined {
  return idOf(lookUp('group', key, run, read)?.[2]);
}

/**
 * The entry's fields, see passwd(5) and group(5). getent asks every source that the system is set up with, LDAP too; where
 * it is missing, in small containers, there is nothing but the file.
 */
function lookUp(
  database: 'passwd' | 'group',
  key: string | number,
  run: RunProgram,
  read: ReadFile,
): string[] | undefined {
  const text = run('getent', [database, String(key)]) ?? read(`/etc/${database}`) ?? '';
  const column = typeof key === 'number' ? 2 : 0;
  const entries = text.split('\n').map((line) => line.split(':'));
  return entries.find((fields) => fields[column] === String(key));
}

function userOf(fields: string[] | undefined): UserEntry | undefined {
  const [uid, gid] = [idOf(fields?.[2]), idOf(fields?.[3])];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid, gid, name: fields![0], home: fields![5] || undefined };
}

/** macOS has no getent, and its users are not in its file. */
function userById(key: string | number, run: RunProgram): UserEntry | undefined {
  const [uid, gid] = [idOf(run('id', ['-u', String(key)])), idOf(run('id', ['-g', String(key)]))];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid, gid, name: typeof key === 'string' ? key : undefined, home: undefined };
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** Names begin with no dash (see the shape of the option), and no shell reads them. */
function runProgram(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: PATIENCE,
      env: { PATH },
    });
  } catch {
    return undefined;
  }
}
