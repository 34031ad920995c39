import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';
import { systemCode } from '../../contract/system-code.ts';
import { UsageError } from '../../errors.ts';
import { fieldsOf } from '../../contract/fields.ts';
import { isDirectory, isFile, readText } from '../files.ts';
import { meantCommand, meantRunner } from '../other-words.ts';
import { quote } from '../quote.ts';
import { didYouMean } from '../suggestion.ts';

/**
 * Finds the program as `node <entry>` does: a file, a file without its extension, or a directory with a main.
 *
 * @param entry the entry as written on the command line.
 * @param cwd the directory that a relative entry starts from.
 * @param commands the names of prefork's commands, for a suggestion when the entry is a misspelt one.
 * @param read reads the package.json of a directory. @default whatever its path leads to
 * @returns the absolute path, with symbolic links resolved.
 * @throws UsageError when there is no such file; the message suggests the package's command if there is one (`prefork
 *   next`).
 */
export function resolveEntry(
  entry: string,
  cwd: string,
  commands: readonly string[] = [],
  read: (file: string) => string = readText,
): string {
  const path = resolve(cwd, entry);
  refuseRunner(entry, path);
  // An empty entry is refused here, because path.resolve would turn it into the working directory.
  if (entry !== '' && isFile(path)) return realpathSync(path);
  try {
    const found = entry === '' ? undefined : findAsNode(path, read);
    if (found !== undefined) return realpathSync(found);
  } catch (error) {
    // The error is not about a missing file. A package.json that is not JSON causes one, for example.
    throw new UsageError(`entry ${quote(entry)}: ${firstLine((error as Error).message)}`, { cause: error });
  }
  const meant = packageCommand(entry, cwd) || meantCommand(entry) || didYouMean(entry, commands);
  throw new UsageError(`entry: expected ${expected(path, entry)}, got ${quote(entry)}${meant}`);
}

/**
 * Finds what node runs for a path that is no file. Node's own `require.resolve` opens package.json whatever that is, and another
 * user's may be a pipe, for which root would wait.
 *
 * @throws Error when package.json cannot be read, or is not JSON.
 */
function findAsNode(path: string, read: (file: string) => string): string | undefined {
  // node:module is loaded here because this path is rare.
  const { extensions } = process.getBuiltinModule('node:module').createRequire(join(path, sep));
  const extended = (name: string): string | undefined =>
    Object.keys(extensions)
      .map((one) => name + one)
      .find(isFile);
  const file = extended(path);
  if (file !== undefined || !isDirectory(path)) return file;
  const main = mainOf(join(path, 'package.json'), read);
  const program = main === undefined ? undefined : resolve(path, main);
  const named =
    program === undefined || isFile(program) ? program : (extended(program) ?? extended(join(program, 'index')));
  return named ?? extended(join(path, 'index'));
}

function mainOf(file: string, read: (file: string) => string): string | undefined {
  try {
    const { main } = fieldsOf(JSON.parse(read(file)));
    return typeof main === 'string' ? main : undefined;
  } catch (error) {
    // Node takes one that it cannot open for missing.
    if (systemCode(error) !== '') return undefined;
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Names a server whose user has not named it: `server` for `/app/server.js`, `shop` for `/shop/index.js`. */
export function entryName(entry: string | undefined): string {
  if (entry === undefined) return 'prefork';
  const path = resolve(entry);
  const { name } = parse(path);
  const chosen = name === 'index' ? basename(dirname(path)) : name;
  const sane = chosen.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return sane.slice(0, 64) || 'prefork';
}

/**
 * Refuses a program that would run the entry in a process of its own: `prefork tsx app.ts`. No listener of that process
 * would be prefork's.
 */
function refuseRunner(entry: string, path: string): void {
  const name = basename(entry);
  const instead = meantRunner(name);
  const isCommand = entry === name ? !isFile(path) : dirname(path).endsWith(join('node_modules', '.bin'));
  if (instead === undefined || !isCommand) return;
  throw new UsageError(
    `entry: expected the program itself, got ${quote(entry)}, which would run it in a process of its own; here that is: ${instead}`,
  );
}

function expected(path: string, entry: string): string {
  if (entry === '' || !isDirectory(path)) return 'a file that exists';
  return 'a directory with an index.js or a package.json that names its main';
}

/** Suggests the command of a package. npm scripts run these by their bare names, so users expect that here too. */
function packageCommand(entry: string, cwd: string): string {
  if (!/^[\w.-]*\w$/.test(entry)) return '';
  const command = join('node_modules', '.bin', entry);
  return existsSync(join(cwd, command)) ? `; did you mean ${command}?` : '';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
