import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';
import { UsageError } from '../errors.ts';
import { isDirectory, isFile } from './files.ts';
import { meantCommand } from './other-words.ts';
import { quote } from './quote.ts';
import { didYouMean } from './suggestion.ts';

/**
 * Finds the program as `node <entry>` does: a file, one whose extension was left out, or a directory with a main.
 *
 * @param entry as written on the command line.
 * @param cwd what a relative entry is relative to.
 * @param commands prefork's own, of which one may have been meant.
 * @returns the absolute path, symbolic links resolved.
 * @throws UsageError when there is none, with the path of the package's command if that was meant (`prefork next`).
 */
export function resolveEntry(entry: string, cwd: string, commands: readonly string[] = []): string {
  const path = resolve(cwd, entry);
  // Not path.resolve's own answer: it would turn '' into the working directory.
  if (entry !== '' && isFile(path)) return realpathSync(path);
  try {
    // Loaded for this alone, and seldom.
    const { createRequire } = process.getBuiltinModule('node:module');
    if (entry !== '') return createRequire(join(cwd, sep)).resolve(path);
  } catch (error) {
    // Anything but a missing file, such as a package.json that is not JSON.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND')
      throw new UsageError(`entry ${quote(entry)}: ${firstLine(message)}`, { cause: error });
  }
  const meant = packageCommand(entry, cwd) || meantCommand(entry) || didYouMean(entry, commands);
  throw new UsageError(`entry: expected ${expected(path, entry)}, got ${quote(entry)}${meant}`);
}

/** What a server is called when nobody named it: `server` for `/app/server.js`, `shop` for `/shop/index.js`. */
export function entryName(entry: string | undefined): string {
  if (entry === undefined) return 'prefork';
  const path = resolve(entry);
  const { name } = parse(path);
  const chosen = name === 'index' ? basename(dirname(path)) : name;
  const sane = chosen.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return sane.slice(0, 64) || 'prefork';
}

function expected(path: string, entry: string): string {
  if (entry === '' || !isDirectory(path)) return 'a file that exists';
  return 'a directory with an index.js or a package.json that names its main';
}

/** Commands of packages run by their bare names in npm scripts, so their users expect it here too. */
function packageCommand(entry: string, cwd: string): string {
  if (!/^[\w.-]*\w$/.test(entry)) return '';
  const command = join('node_modules', '.bin', entry);
  return existsSync(join(cwd, command)) ? `; did you mean ${command}?` : '';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}
