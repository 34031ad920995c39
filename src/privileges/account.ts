/** Turns `--user` and `--group` into ids. */
import { UsageError } from '../errors.ts';
import type { Settings } from '../options/index.ts';
import { findGroup, findUser, type UserEntry } from './account-database.ts';

/** The identity that the primary takes on, and its workers after it. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** The values that replace root's own HOME, USER and LOGNAME. */
  readonly env: Readonly<Record<string, string>>;
}

/** This process's own ids, and the system's accounts. Tests replace it. */
export interface AccountSource {
  readonly uid: number;
  readonly gid: number;
  user(key: string | number): UserEntry | undefined;
  group(key: string | number): number | undefined;
}

export type AccountSettings = Pick<Settings, 'user' | 'group'>;

/**
 * Resolves the account. It has only its one group, even where its user is a member of others. An application that needs
 * another group gets it by `--group`.
 *
 * @returns undefined when this process runs as that account already.
 * @throws UsageError when there is no such user or group, or the primary is not root.
 */
export function resolveAccount(
  settings: AccountSettings,
  source: AccountSource = systemAccounts(),
): Account | undefined {
  const { user, group } = settings;
  if (user === undefined && group === undefined) return undefined;
  const entry = user === undefined ? undefined : findOrFail(user, source);
  const uid = entry?.uid ?? source.uid;
  const gid = group === undefined ? (entry?.gid ?? source.gid) : groupOrFail(group, source);
  if (uid === source.uid && gid === source.gid) return undefined;
  if (source.uid !== 0) throw notRoot(user === undefined ? 'group' : 'user', source);
  return { uid, gid, env: entry === undefined ? {} : accountEnvironment(entry) };
}

function findOrFail(user: string | number, source: AccountSource): UserEntry {
  const entry = source.user(user);
  if (entry !== undefined) return entry;
  if (typeof user === 'string') throw new UsageError(`--user: no user named ${user} on this system`);
  // Containers run as ids that are in no file. Such a user has no group of its own, and must not keep root's.
  return { uid: user, gid: user, name: undefined, home: undefined };
}

function groupOrFail(group: string | number, source: AccountSource): number {
  const gid = typeof group === 'number' ? group : source.group(group);
  if (gid === undefined) throw new UsageError(`--group: no group named ${group} on this system`);
  return gid;
}

function notRoot(option: string, { uid }: AccountSource): UsageError {
  const instead = 'start prefork as root, or as that user and without the option';
  return new UsageError(
    `--${option} needs root: only root can become another user, and this is uid ${uid}; ${instead}`,
  );
}

/**
 * Replaces root's variables, as systemd's `User=` and `su` do; nginx, Unicorn and gunicorn leave them. In Node,
 * `os.homedir()` is HOME, and caches and dot files would be looked for in /root, which the worker may not read. A user
 * without an entry gets `/`, as in Docker.
 */
function accountEnvironment({ name, home }: UserEntry): Record<string, string> {
  return { HOME: home ?? '/', ...(name !== undefined && { USER: name, LOGNAME: name }) };
}

function systemAccounts(): AccountSource {
  // Windows has neither such ids nor a way to switch between them.
  if (process.geteuid === undefined) throw new UsageError('--user and --group need a system with Unix users');
  return { uid: process.geteuid(), gid: process.getegid!(), user: findUser, group: findGroup };
}
