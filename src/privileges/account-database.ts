/** Looks up the system's users and groups. Node cannot do that, so these ways are tried one after another. */
import { execFileSync } from 'node:child_process';
import { SYSTEM_PATH } from '../contract/system-path.ts';
import { readIfThere, type ReadFile } from '../options/machine/cgroup.ts';

export interface UserEntry {
  readonly uid: number;
  /** The id of the user's primary group. */
  readonly gid: number;
  readonly name: string | undefined;
  readonly home: string | undefined;
}

/** Runs a program and returns what it prints; undefined when it failed or is missing. */
export type RunProgram = (program: string, args: readonly string[]) => string | undefined;

/** How long a directory service may take to answer. */
const LOOKUP_TIMEOUT_MS = 5000;

/**
 * Finds a user.
 *
 * @param key a name, or an id as a number.
 */
export function findUser(
  key: string | number,
  run: RunProgram = runProgram,
  read: ReadFile = readIfThere,
): UserEntry | undefined {
  return userOf(lookUp('passwd', key, run, read)) ?? userById(key, run);
}

/** Finds the id of a group. */
export function findGroup(
  key: string | number,
  run: RunProgram = runProgram,
  read: ReadFile = readIfThere,
): number | undefined {
  return idOf(lookUp('group', key, run, read)?.[2]);
}

/**
 * Returns the fields of an entry, see passwd(5) and group(5). getent asks every source that the system is set up with,
 * LDAP too. In small containers it is missing, and the file is all there is.
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

/** Looks a user up by `id`, because macOS has no getent and does not keep its users in the file. */
function userById(key: string | number, run: RunProgram): UserEntry | undefined {
  const [uid, gid] = [idOf(run('id', ['-u', String(key)])), idOf(run('id', ['-g', String(key)]))];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid, gid, name: typeof key === 'string' ? key : undefined, home: undefined };
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** Runs a program. Names begin with no dash (see the shape of the option), and no shell reads them. */
function runProgram(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: LOOKUP_TIMEOUT_MS,
      env: { PATH: SYSTEM_PATH },
    });
  } catch {
    return undefined;
  }
}
