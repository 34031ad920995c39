/** Reads a config file, and turns every error in it into one line that names the place. */
import { spawnSync } from 'node:child_process';
import { basename, dirname, extname, sep } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.ts';
import { readText } from './files.ts';
import { quote } from './quote.ts';

/** The text of each file when it was first imported. */
const imported = new Map<string, string>();

/** Reads the text. */
export function readConfig(file: string, read: (file: string) => string = readText): string {
  try {
    // Editors on Windows begin files with a byte order mark.
    return read(file).replace(/^\uFEFF/, '');
  } catch (error) {
    throw brokenConfig(file, error, undefined);
  }
}

/** Parses a JSON file. */
export function parseConfig(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw brokenConfig(file, error, jsonErrorLine(text, error as Error));
  }
}

/**
 * Returns a module's default export, or what it returns when it is a function. A file whose text has changed is loaded
 * again. What it imports stays as it was, unless those are CommonJS modules beside it. Node itself opens the file, so the text
 * that was read says what runs only where no other user can put another one in its place meanwhile.
 */
export async function importConfig(file: string, text: string): Promise<unknown> {
  try {
    const exported = await exportOf(file, text);
    return typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  } catch (error) {
    // The import is tried first, because with a loader such as tsx every Node reads TypeScript.
    if (extname(file) === '.ts' && (error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new UsageError(
        `${basename(file)}: expected Node 22.18 or later, which reads TypeScript, got ${process.versions.node}`,
        { cause: error },
      );
    }
    throw brokenConfig(file, error, stackLine(file, error) ?? syntaxErrorLine(file, error));
  }
}

/**
 * Loads the module. Node keeps an ES module for ever under its address, so a changed text has an address of its own. A
 * CommonJS module that is loaded again is required, because an import of it would use parts of the one before.
 */
async function exportOf(file: string, text: string): Promise<unknown> {
  const { href } = pathToFileURL(file);
  const require = requireOf(file);
  const own = modulesLoadedAgain(file);
  if (own.length > 0) {
    for (const path of own) delete require.cache[path];
    return require(file) as unknown;
  }
  const first = imported.get(file) ?? text;
  imported.set(file, first);
  const { default: exported } = (await import(first === text ? href : `${href}?${hashOf(text)}`)) as {
    default?: unknown;
  };
  return exported;
}

/**
 * Lists the modules that the next import loads again, whatever the text of the file is: a CommonJS module that was imported
 * before, and its own modules, which are those beside it. Those of packages stay.
 */
export function modulesLoadedAgain(file: string): string[] {
  const { cache } = requireOf(file);
  if (!imported.has(file) || !Object.hasOwn(cache, file)) return [];
  const home = `${dirname(file)}${sep}`;
  return Object.keys(cache).filter((path) => path.startsWith(home) && !path.includes('node_modules'));
}

function requireOf(file: string): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(file);
}

function hashOf(text: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function brokenConfig(file: string, error: unknown, line: string | undefined): UsageError {
  const place = line === undefined ? basename(file) : `${basename(file)}:${line}`;
  const [message] = (error instanceof Error ? String(error) : quote(error)).split('\n', 1);
  return new UsageError(`${place}: ${message}`, { cause: error });
}

/**
 * Finds the line in a message of older V8s, which says `at position 12`. Newer ones name the line themselves, and no
 * place at all for the end of the file.
 */
function jsonErrorLine(text: string, { message }: Error): string | undefined {
  const position = / at position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : String(text.slice(0, Number(position)).split('\n').length);
}

/** Finds the line of the file that threw, or that called the code that threw. */
function stackLine(file: string, error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '').replaceAll(/\?[\da-f]{16}(?=:)/g, '') : '';
  for (const place of [pathToFileURL(file).href, file]) {
    const start = stack.indexOf(`${place}:`);
    const line = start === -1 ? undefined : /^\d+/.exec(stack.slice(start + place.length + 1))?.[0];
    if (line !== undefined) return line;
  }
  return undefined;
}

/**
 * Finds the line of a syntax error in an ES module. The stack does not have it, but Node prints it, so this runs `node
 * --check`.
 */
function syntaxErrorLine(file: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5000 });
  return /^\S.*:(\d+)$/m.exec(stderr ?? '')?.[1];
}
