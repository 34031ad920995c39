/**
 * Chooses the directory of the control sockets. The directory is called `prefork-<uid>`, belongs to that user and is
 * closed to others. Its parent is the first of these places that other users cannot tamper with:
 *
 * - `PREFORK_RUNTIME_DIR`. Where it is set, no other place is used or searched.
 * - `/run`, where only root can create directories. Root has its own there, and creates one for each user that it starts a
 *   server as (src/privileges/runtime-directory.ts).
 * - `XDG_RUNTIME_DIR`, where it belongs to this user (after `su` or `sudo -E` it belongs to another), or its usual path.
 * - the temporary directory. Any user may take a name there first, and the directory then gets another name.
 */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { hold, holdIn, isTaken, type Held } from '../../files/hold.ts';
import { kernelMounts } from '../../files/mounts.ts';
import { firstNamesIn, MOST_LOOKS } from '../../files/names.ts';
import { unusable } from './place.ts';
import { systemCode } from '../../contract/system-code.ts';
import { canOthersWrite, octal, resolved, userId, whyNotTrusted } from '../../files/trust.ts';
import { messageOf } from '../../contract/message-of.ts';

const VARIABLE = 'PREFORK_RUNTIME_DIR';

const RUN = '/run';

/** The number of directories of one other user that are looked into. */
const MOST_DIRECTORIES_OF_OTHERS = 4;

/** What mkdtemp(3) puts behind a name. */
const MADE = /^-[A-Za-z0-9]{6}$/;

/** The user and group that own a directory. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A directory that may hold servers of another user. */
export interface OthersDirectory {
  readonly path: string;
  readonly owner: Owner;
}

/** A directory that can hold one of ours. */
interface Parent {
  /** The path with its links resolved. */
  readonly path: string;
  /** True when other users can create directories here too: see `ownIn` and `chooseIn`. */
  readonly isShared: boolean;
}

/** The directory that a server would use. `path` ends in `-` when the rest is only known once it is created. */
interface Choice {
  readonly path: string;
  readonly way: 'is-there' | 'mkdir' | 'mkdtemp';
}

/**
 * Lists all directories that servers of this user may be in, the best first. A server may have been started in another
 * environment than this one.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET` when there is no place that can be trusted.
 */
export function controlDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const { parents, problems } = parentsIn(env);
  if (parents.length === 0) throw unusable(problems[0] ?? 'there is no directory for it');
  // Root's servers are in /run where that serves. Then any number of names in a directory of all users costs its commands nothing.
  const hasRun = env[VARIABLE] === undefined && userId() === 0 && lookAt(join(RUN, nameFor(0)))?.isDirectory() === true;
  return [...new Set(parents.filter(({ isShared }) => !(isShared && hasRun)).flatMap((parent) => ownIn(parent)))];
}

/**
 * Lists the directories of the users that root has started servers as. No other user can have created them, because
 * only root can write to their parent. The list is empty unless this user is root.
 */
export function othersDirectories(env: NodeJS.ProcessEnv = process.env): OthersDirectory[] {
  if (userId() !== 0) return [];
  const parent = parentOfOthers(env);
  return parent === undefined ? [] : othersIn(parent);
}

/**
 * Lists the directories above, and those in which other users run servers of their own. What is in the latter is theirs
 * alone, so it may be read only with their rights. The list is empty unless this user is root.
 */
export function everyDirectoryOfOthers(env: NodeJS.ProcessEnv = process.env): OthersDirectory[] {
  const started = othersDirectories(env);
  if (userId() !== 0 || env[VARIABLE]) return started;
  const users = resolved(join(RUN, 'user')) ?? '';
  const mounts = kernelMounts();
  const own = namesIn(users).filter((name) => /^[1-9]\d*$/.test(name));
  const temporary = resolved(tmpdir()) ?? tmpdir();
  const all = [...started, ...own.flatMap((uid) => othersIn(join(users, uid), mounts)), ...othersIn(temporary, mounts)];
  const numbers = new Map<number, number>();
  return all.filter(({ owner: { uid } }) => {
    const number = (numbers.get(uid) ?? 0) + 1;
    numbers.set(uid, number);
    return number <= MOST_DIRECTORIES_OF_OTHERS;
  });
}

/**
 * Lists the directories in `parent` that are named after another user, belong to that user and are closed to others. What is on a file
 * system of the user's own making is not looked at: it could keep root waiting for ever.
 */
function othersIn(parent: string, mounts: ReadonlySet<string> = kernelMounts()): OthersDirectory[] {
  const found = hold(parent, (held) => ownersIn(held, mounts), mounts) ?? [];
  return found.map(({ name, owner }) => ({ path: join(parent, name), owner }));
}

function ownersIn(parent: Held, mounts: ReadonlySet<string>): Array<{ readonly name: string; readonly owner: Owner }> {
  const uidOf = (name: string): number => Number(/^prefork-([1-9]\d*)(?:-\w+)?$/.exec(name)?.[1]);
  const names = firstNamesIn(parent.path).filter((name) => !Number.isNaN(uidOf(name)));
  return names.slice(0, MOST_LOOKS).flatMap((name) => {
    const uid = uidOf(name);
    const stats = holdIn(parent, name, (held) => held.stats, mounts);
    if (stats === undefined || unfitness(stats, uid) !== undefined) return [];
    return [{ name, owner: { uid, gid: stats.gid } }];
  });
}

/**
 * Tells which directory a server that starts now would use, or why it could not.
 *
 * @returns an object whose `path` is undefined, with a problem, when there is none.
 */
export function previewDirectory(env: NodeJS.ProcessEnv = process.env): { path?: string; problem?: string } {
  try {
    return { path: choose(env).path };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/**
 * Returns the directory of a server that starts, and creates it if it is missing.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET`
 */
export function controlDirectory(env: NodeJS.ProcessEnv = process.env): string {
  // Windows has neither such sockets nor these permissions.
  if (process.platform === 'win32') throw unusable('control sockets need a system with Unix sockets in files');
  const { path, way } = choose(env);
  if (way === 'mkdtemp') return mkdtempSync(path);
  makeDirectory(path);
  return path;
}

/**
 * Creates the directory, unless it exists and is fit.
 *
 * @param mounts see `hold`.
 * @throws PreforkError `ERR_CONTROL_SOCKET`
 */
export function makeDirectory(path: string, mounts?: ReadonlySet<string>): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw unusable(`cannot create ${path}: ${messageOf(error)}`, error);
  }
  if (isFitDirectory(path, mounts)) return;
  const parent = resolved(dirname(path));
  const isThere = parent !== undefined && isTaken(join(parent, basename(path)));
  const what = isThere
    ? `is on a file system of another user’s own making (FUSE), which could keep this server waiting: unmount it, or set ${VARIABLE}`
    : 'is gone again, just after it was made';
  throw unusable(`${path} ${what}`);
}

/**
 * Tells whether the directory is fit. A user who can write to it could put a false server there, so it must belong to
 * this user and be closed to others.
 *
 * @param mounts see `hold`.
 * @returns false when there is no such directory.
 * @throws PreforkError `ERR_CONTROL_SOCKET` when there is one that is not fit, or it cannot be looked at now.
 */
export function isFitDirectory(path: string, mounts?: ReadonlySet<string>): boolean {
  const stats = lookAt(path, mounts);
  if (stats === undefined) return false;
  const reason = unfitness(stats, userId());
  if (reason !== undefined) throw unusable(`${path} ${reason}`);
  return true;
}

function choose(env: NodeJS.ProcessEnv): Choice {
  const { parents, problems } = parentsIn(env);
  for (const parent of parents) {
    try {
      return chooseIn(parent);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw unusable(problems[0] ?? 'there is no directory for it');
}

function chooseIn(parent: Parent): Choice {
  const [first] = ownIn(parent);
  if (first !== undefined && isFitDirectory(first)) return { path: first, way: 'is-there' };
  const path = join(parent.path, nameFor(userId()));
  try {
    accessSync(parent.path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(`${path} cannot be made: ${parent.path} is not writable`, error);
  }
  // Another user has the name. That directory may stay for years, and only that user and root can remove it.
  const isOthers = parent.isShared && isTaken(path);
  return isOthers ? { path: `${path}-`, way: 'mkdtemp' } : { path, way: 'mkdir' };
}

/**
 * Lists our directories in the parent. Where other users may create some too, theirs do no harm, and ours can have a
 * longer name.
 */
function ownIn({ path, isShared }: Parent): string[] {
  const name = nameFor(userId());
  if (!isShared) return lookAt(join(path, name)) === undefined ? [] : [join(path, name)];
  const longer = firstNamesIn(path).filter((one) => one.startsWith(`${name}-`) && MADE.test(one.slice(name.length)));
  const candidates = [name, ...longer.slice(0, MOST_LOOKS)];
  const isOurs = ({ stats }: Held): boolean => stats.uid === userId() && stats.isDirectory();
  const own = hold(path, (held) => candidates.filter((one) => holdIn(held, one, isOurs) === true));
  return (own ?? []).toSorted().map((one) => join(path, one));
}

/** Lists the parents in the order of preference, and says why others that were asked for are not used. */
function parentsIn(env: NodeJS.ProcessEnv): { readonly parents: Parent[]; readonly problems: string[] } {
  if (process.platform === 'win32') return { parents: [{ path: tmpdir(), isShared: false }], problems: [] };
  const given = env[VARIABLE] || undefined;
  const uid = userId();
  const parents: Parent[] = [];
  const problems: string[] = [];
  const add = (path: string, mustBeOwn: boolean, isNamed: boolean): void => {
    const found = isAbsolute(path) ? resolved(path) : undefined;
    const problem = found === undefined ? `${path} is not a directory` : whyNotUsed(found, mustBeOwn);
    if (problem === undefined) parents.push({ path: found!, isShared: canOthersWrite(statSync(found!)) });
    else if (isNamed) problems.push(problem);
  };
  if (given !== undefined) {
    add(given, false, true);
    if (problems.length > 0) problems[0] = `${VARIABLE}: ${problems[0]}`;
    return { parents, problems };
  }
  // Root creates the directory of another user. A user other than root looks here only when it exists.
  if (uid === 0 || lookAt(join(RUN, nameFor(uid))) !== undefined) add(RUN, false, false);
  // The XDG specification says that relative paths are ignored.
  if (env['XDG_RUNTIME_DIR']) add(env['XDG_RUNTIME_DIR'], true, false);
  add(join(RUN, 'user', String(uid)), true, false);
  add(tmpdir(), false, true);
  return { parents, problems };
}

function whyNotUsed(path: string, mustBeOwn: boolean): string | undefined {
  if (mustBeOwn && statSync(path).uid !== userId()) return `${path} belongs to another user`;
  return whyNotTrusted(path);
}

/** Returns the directory in which only root creates directories for other users. */
function parentOfOthers(env: NodeJS.ProcessEnv): string | undefined {
  const path = resolved(env[VARIABLE] || RUN);
  if (path === undefined || whyNotTrusted(path) !== undefined || canOthersWrite(statSync(path))) return undefined;
  return path;
}

function unfitness(stats: Stats, uid: number): string | undefined {
  if (stats.isSymbolicLink()) return 'is a symbolic link, which could lead anywhere: remove it';
  if (!stats.isDirectory()) return 'is not a directory: remove it';
  if (stats.uid !== uid) return `belongs to another user (uid ${stats.uid}): remove it, or set ${VARIABLE}`;
  return (stats.mode & 0o077) === 0 ? undefined : `is open to other users (mode ${octal(stats.mode)}): chmod 700 it`;
}

function nameFor(uid: number): string {
  return `prefork-${uid}`;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/**
 * Returns the status of a file without following a link at the end of its path; undefined when there is no file, or
 * none that this user may see. Any user may make one of this name where all may write, also one that never answers: see hold.ts.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET` when that is not known.
 */
function lookAt(path: string, mounts?: ReadonlySet<string>): Stats | undefined {
  const parent = resolved(dirname(path));
  try {
    return parent === undefined ? undefined : hold(join(parent, basename(path)), ({ stats }) => stats, mounts);
  } catch (error) {
    throw unusable(`cannot look at ${path}: ${messageOf(error)}`, error);
  }
}
