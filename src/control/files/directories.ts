/**
 * Where control sockets are: in `prefork-<uid>`, a directory of that user's own that is closed to others, in the first of
 * these places that other users cannot tamper with:
 *
 * - `PREFORK_RUNTIME_DIR`, which stands alone: where it is set, no other place is used or looked into;
 * - `/run`, where only root can make directories. Root has its own there, and makes one for each user that it starts a
 *   server as (src/privileges/runtime-directory.ts);
 * - `XDG_RUNTIME_DIR` where it belongs to this user (after `su` or `sudo -E` it is another's), or what it usually is;
 * - the temporary directory. Anyone can be the first to take a name there: the directory then gets another name.
 */
import { accessSync, constants, lstatSync, mkdirSync, mkdtempSync, readdirSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { unusable } from './place.ts';
import { systemCode } from '../../contract/system-code.ts';
import { canOthersWrite, octal, resolved, userId, whyNotTrusted } from './trust.ts';

const VARIABLE = 'PREFORK_RUNTIME_DIR';

const RUN = '/run';

/** Whose a directory is. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** One in which servers of another user may be. */
export interface OthersDirectory {
  readonly path: string;
  readonly owner: Owner;
}

/** A directory in which one of ours can be. */
interface Parent {
  /** With its links resolved. */
  readonly path: string;
  /** Others may make directories here too: see `own` and `make`. */
  readonly isShared: boolean;
}

/** What a server would use. `path` ends in `-` where the rest is not known before it is made. */
interface Choice {
  readonly path: string;
  readonly way: 'is-there' | 'mkdir' | 'mkdtemp';
}

/**
 * All that servers of this user may be in, best first: they may have been started in another environment than this one.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET` when there is no place that can be trusted.
 */
export function controlDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const { parents, faults } = parentsIn(env);
  if (parents.length === 0) throw unusable(faults[0] ?? 'there is no directory for it');
  return [...new Set(parents.flatMap((parent) => ownIn(parent)))];
}

/**
 * Those of the users that root has started servers as: nobody else can have made them, since root alone writes to their
 * parent. Empty for other users than root.
 */
export function othersDirectories(env: NodeJS.ProcessEnv = process.env): OthersDirectory[] {
  if (userId() !== 0) return [];
  const parent = parentOfOthers(env);
  if (parent === undefined) return [];
  return namesIn(parent).flatMap((name) => {
    const uid = Number(/^prefork-([1-9]\d*)$/.exec(name)?.[1]);
    const path = join(parent, name);
    const stats = lookAt(path);
    if (stats === undefined || unfitness(stats, uid) !== undefined) return [];
    return [{ path, owner: { uid, gid: stats.gid } }];
  });
}

/**
 * What a server that starts now would use, and why it could not.
 *
 * @returns `path`: undefined with a fault when there is none.
 */
export function previewDirectory(env: NodeJS.ProcessEnv = process.env): { path?: string; fault?: string } {
  try {
    return { path: choose(env).path };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

/**
 * The directory of a server that starts, which is made unless it is there.
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
 * Makes the directory, unless it is there and fit.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET`
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw unusable(`cannot make ${path}: ${(error as Error).message}`, error);
  }
  if (!isFitDirectory(path)) throw unusable(`${path} is gone again, just after it was made`);
}

/**
 * Whoever can write to the directory can put a server of his own there: so nothing but a directory of this user's own,
 * closed to others, is used.
 *
 * @returns false when there is none.
 * @throws PreforkError `ERR_CONTROL_SOCKET` when there is one that is not fit.
 */
export function isFitDirectory(path: string): boolean {
  const stats = lookAt(path);
  if (stats === undefined) return false;
  const reason = unfitness(stats, userId());
  if (reason !== undefined) throw unusable(`${path} ${reason}`);
  return true;
}

function choose(env: NodeJS.ProcessEnv): Choice {
  const { parents, faults } = parentsIn(env);
  for (const parent of parents) {
    try {
      return chooseIn(parent);
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  throw unusable(faults[0] ?? 'there is no directory for it');
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
  // Another user's: it can be there for years, and nobody but that user and root can remove it.
  const isTaken = parent.isShared && lookAt(path) !== undefined;
  return isTaken ? { path: `${path}-`, way: 'mkdtemp' } : { path, way: 'mkdir' };
}

/** Ours in the directory. Where others may make some too, theirs are no hindrance, and ours can have a longer name. */
function ownIn({ path, isShared }: Parent): string[] {
  const name = nameFor(userId());
  if (!isShared) return lookAt(join(path, name)) === undefined ? [] : [join(path, name)];
  const candidates = namesIn(path).filter((one) => one === name || one.startsWith(`${name}-`));
  return candidates
    .toSorted()
    .map((one) => join(path, one))
    .filter((one) => {
      const stats = lookAt(one);
      return stats?.uid === userId() && stats.isDirectory();
    });
}

/** In the order of preference; and why others that were asked for are not used. */
function parentsIn(env: NodeJS.ProcessEnv): { readonly parents: Parent[]; readonly faults: string[] } {
  if (process.platform === 'win32') return { parents: [{ path: tmpdir(), isShared: false }], faults: [] };
  const given = env[VARIABLE] || undefined;
  const uid = userId();
  const parents: Parent[] = [];
  const faults: string[] = [];
  const add = (path: string, mustBeOwn: boolean, isNamed: boolean): void => {
    const found = isAbsolute(path) ? resolved(path) : undefined;
    const fault = found === undefined ? `${path} is no directory` : whyNotUsed(found, mustBeOwn);
    if (fault === undefined) parents.push({ path: found!, isShared: canOthersWrite(statSync(found!)) });
    else if (isNamed) faults.push(fault);
  };
  if (given !== undefined) {
    add(given, false, true);
    if (faults.length > 0) faults[0] = `${VARIABLE}: ${faults[0]}`;
    return { parents, faults };
  }
  // Of another user than root, it is there when root has made it.
  if (uid === 0 || lookAt(join(RUN, nameFor(uid))) !== undefined) add(RUN, false, false);
  // XDG has relative paths ignored.
  if (env['XDG_RUNTIME_DIR']) add(env['XDG_RUNTIME_DIR'], true, false);
  add(join(RUN, 'user', String(uid)), true, false);
  add(tmpdir(), false, true);
  return { parents, faults };
}

function whyNotUsed(path: string, mustBeOwn: boolean): string | undefined {
  if (mustBeOwn && statSync(path).uid !== userId()) return `${path} belongs to another user`;
  return whyNotTrusted(path);
}

/** Where root, and nobody else, makes directories for other users. */
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

/** Not through a link at its end. Undefined when there is nothing, or nothing that this user may see. */
function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
