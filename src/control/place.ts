/** Where control sockets are: `prefork-<uid>/<name>.sock`, in a directory that nobody else can look into. */
import { accessSync, constants, lstatSync, mkdirSync, statSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { PreforkError } from '../errors.ts';
import { systemCode } from './system-code.ts';

/** What a path in `sun_path` may have, without the NUL at its end: unix(7) has 108 bytes, the BSDs and macOS 104. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

const EXTENSION = '.sock';

/**
 * The directories in question, best first. A server takes the first. Commands look into all of them: a service manager
 * or cron starts a server without the XDG_RUNTIME_DIR that its user's shell has.
 */
export function controlDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const runtime = env['XDG_RUNTIME_DIR'];
  const parents = [...(isUsableParent(runtime) ? [runtime] : []), tmpdir()];
  return [...new Set(parents.map((parent) => join(parent, `prefork-${userId()}`)))];
}

/** XDG has relative paths ignored; and after `su` the variable names a directory that is gone or another user's. */
function isUsableParent(path: string | undefined): path is string {
  if (path === undefined || !isAbsolute(path)) return false;
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Makes the directory, unless it is there and fit.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET`
 */
export function makeDirectory(path: string): void {
  // Windows has neither such sockets nor these permissions.
  if (process.platform === 'win32') throw unusable('control sockets need a system with Unix sockets in files');
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw unusable(`cannot make ${path}: ${(error as Error).message}`, error);
  }
  if (!isFitDirectory(path)) throw unusable(`${path} is gone again, just after it was made`);
}

/**
 * Whoever can write to the directory can put a server of his own there, and in the temporary directory anyone can be the
 * first to make it: so nothing but a directory of this user's own, closed to others, is used.
 *
 * @returns false when there is none.
 * @throws PreforkError `ERR_CONTROL_SOCKET` when there is one that is not fit.
 */
export function isFitDirectory(path: string): boolean {
  const stats = lookAt(path);
  if (stats === undefined) return false;
  const reason = unfitness(stats);
  if (reason !== undefined) throw unusable(`${path} ${reason}`);
  return true;
}

function unfitness(stats: Stats): string | undefined {
  if (stats.isSymbolicLink()) return 'is a symbolic link, which could lead anywhere: remove it';
  if (!stats.isDirectory()) return 'is not a directory: remove it';
  if (stats.uid !== userId()) return `belongs to another user (uid ${stats.uid}): remove it, or set XDG_RUNTIME_DIR`;
  const mode = stats.mode & 0o777;
  return (mode & 0o077) === 0 ? undefined : `is open to other users (mode 0${mode.toString(8)}): chmod 700 it`;
}

/** The path of a server's socket. @throws PreforkError `ERR_CONTROL_SOCKET` when it is too long. */
export function socketPath(directory: string, name: string): string {
  return pathIn(directory, `${name}${EXTENSION}`);
}

/** Older Nodes cut a socket's path without a word. @throws PreforkError `ERR_CONTROL_SOCKET` when it is too long. */
export function pathIn(directory: string, fileName: string): string {
  const path = join(directory, fileName);
  const length = Buffer.byteLength(path);
  if (length <= LONGEST_PATH) return path;
  // A path relative to here might fit, but clients come from other directories.
  const remedy = 'choose a shorter --name, or a shorter XDG_RUNTIME_DIR';
  throw unusable(`the path ${path} has ${length} bytes, and a socket's may have ${LONGEST_PATH}: ${remedy}`);
}

/** The server whose socket this is, undefined for any other file, as those are that a server makes on its way. */
export function nameOfSocket(fileName: string): string | undefined {
  return /^([A-Za-z0-9_][A-Za-z0-9._-]*)\.sock$/.exec(fileName)?.[1];
}

export function unusable(message: string, cause?: unknown): PreforkError {
  return new PreforkError('ERR_CONTROL_SOCKET', message, cause === undefined ? undefined : { cause });
}

/** Not through a link at its end. Undefined when there is nothing, or nothing that this user may see. */
function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** This user, as files know it. */
function userId(): number {
  return process.geteuid?.() ?? 0;
}
