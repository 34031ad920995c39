/** The working directory by its name. A symbolic link in the name may lead to another directory later. */
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { UsageError } from '../../errors.ts';
import { isDirectory } from '../files.ts';
import { quote } from '../quote.ts';

/** A directory, and where its name led when it was looked up. */
export interface NamedDirectory {
  /** The absolute path as it was given, symbolic links included. */
  readonly named: string;
  /** The path without symbolic links. */
  readonly real: string;
}

/**
 * Returns the name that the shell has for the working directory. The kernel itself knows only the path without links.
 *
 * @param cwd the working directory.
 * @param pwd the variable `PWD`. A program that changes the directory for another one may leave it wrong.
 */
export function nameOfDirectory(cwd: string, pwd: string | undefined): string {
  return pwd !== undefined && isAbsolute(pwd) && isSame(pwd, cwd) ? pwd : cwd;
}

/**
 * Follows the name to where it leads now.
 *
 * @throws UsageError when there is no directory.
 */
export function followDirectory(named: string): NamedDirectory {
  if (isDirectory(named)) return { named, real: realpathSync(named) };
  throw new UsageError(`cwd: expected a directory that exists, got ${quote(named)}${targetOf(named)}`);
}

function targetOf(path: string): string {
  try {
    return lstatSync(path).isSymbolicLink() ? `, a link to ${quote(readlinkSync(path))}` : '';
  } catch {
    return '';
  }
}

function isSame(one: string, other: string): boolean {
  try {
    const [first, second] = [statSync(one), statSync(other)];
    return first.ino === second.ino && first.dev === second.dev;
  } catch {
    return false;
  }
}
