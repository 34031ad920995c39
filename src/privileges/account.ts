/** `--user` and `--group` made into ids. */
import { UsageError } from '../errors.ts';
import type { Settings } from '../options/index.ts';
import { findGroup, findUser, type UserEntry } from './account-database.ts';

/** Whom the primary becomes, and its workers after it. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** What root's own HOME, USER and LOGNAME are replaced with. */
  readonly env: Readonly<Record<string, string>>;
}

/** This process's own ids, and the system's accounts; replaced in tests. */
export interface AccountSource {
  readonly uid: number;
  readonly gid: number;
  user(key: string | number): UserEntry | undefined;
  group(key: string | number): number | undefined;
}

export type AccountSettings = Pick<Settings, 'user' | 'group'>;

/**
 * The account has its one group alone, also where its user is in others: what the application needs more than that, it gets
 * by `--group`.
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
  // Containers run as ids that no file knows. Such a user has no group of its own, and must not keep root's.
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
 * systemd's `User=` and `su` do the same; nginx, Unicorn and gunicorn leave root's. In Node, `os.homedir()` is HOME, and
 * caches and dot files below it would be looked for in /root, where the worker may not look. A user without an entry
 * gets `/`, as from Docker.
 */
function accountEnvironment({ name, home }: UserEntry): Record<string, string> {
  return { HOME: home ?? '/', ...(name !== undefined && { USER: name, LOGNAME: name }) };
}

function systemAccounts(): AccountSource {
  // Windows has neither such ids nor such a switch.
  if (process.geteuid === undefined) throw new UsageError('--user and --group need a system with Unix users');
  return { uid: process.geteuid(), gid: process.getegid!(), user: findUser, group: findGroup };
}
