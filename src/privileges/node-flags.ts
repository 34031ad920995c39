/** Lists what node loads before any program because of its flags and NODE_OPTIONS, because root runs that too. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The flags that take a module, or a file with flags, variables, code or settings for node itself. */
const LOADING: ReadonlySet<string> = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '--experimental-policy',
  '--env-file',
  '--env-file-if-exists',
  '--experimental-config-file',
  '--experimental-package-map',
  '--openssl-config',
  '--snapshot-blob',
  '--icu-data-dir',
  '--localstorage-file',
]);

/** With this flag node reads a file of this name in the working directory. */
const DEFAULT_CONFIG = '--experimental-default-config-file';
const CONFIG_FILE = 'node.config.json';

type PathsOf = (value: string) => string[];

const one: PathsOf = (value) => [value];
/** A name without a slash is looked for in the directories of libraries (ld.so(8)). */
const libraries: PathsOf = (value) => value.split(/[: ]+/).filter((path) => path.includes('/'));
/** An empty item stands for the working directory; `$ORIGIN` and the like for the program's own directory. */
const directories: PathsOf = (value) => value.split(/[:;]/).filter((path) => !path.startsWith('$'));

/** The variables that make node, or the loader of programs, load code. The cache and the libraries are code, too. */
const LOADING_VARIABLES: Readonly<Record<string, PathsOf>> = {
  NODE_COMPILE_CACHE: one,
  NODE_ICU_DATA: one,
  OPENSSL_CONF: one,
  OPENSSL_MODULES: one,
  LD_PRELOAD: libraries,
  LD_AUDIT: libraries,
  LD_LIBRARY_PATH: directories,
};

/** NODE_OPTIONS is split at spaces, except in double quotes. A backslash there takes the next character as it is. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^ "])+/gs;

/** A flag of node. */
export interface Flag {
  /** With dashes: node takes underscores for them. */
  readonly name: string;
  /** What follows `=`, or else the next argument, which is no part of this flag where the flag takes no value. */
  readonly value: string | undefined;
}

/** Lists the flags of the command line, and those of NODE_OPTIONS after them. */
export function flagsIn(execArgv: readonly string[], nodeOptions: string | undefined): Flag[] {
  const words = (nodeOptions ?? '').match(WORD) ?? [];
  return [execArgv, words.map(unquoted)].flatMap((flags) =>
    flags.map((flag, at) => {
      const [name = ''] = flag.split('=', 1);
      const value = name === flag ? flags[at + 1] : flag.slice(name.length + 1);
      return { name: name.replaceAll('_', '-'), value };
    }),
  );
}

/**
 * Lists the files that node loads by the flags.
 *
 * @param cwd the directory that relative paths start from.
 * @returns the absolute paths; a package that is missing has none.
 */
export function filesOfFlags(
  execArgv: readonly string[],
  nodeOptions: string | undefined,
  cwd: string = process.cwd(),
): string[] {
  return flagsIn(execArgv, nodeOptions).flatMap(({ name, value }) => {
    if (name === DEFAULT_CONFIG) return [resolve(cwd, CONFIG_FILE)];
    return value && LOADING.has(name) ? (fileOf(value, cwd) ?? []) : [];
  });
}

/** Lists the absolute paths of these variables. */
export function filesOfVariables(env: NodeJS.ProcessEnv, cwd: string = process.cwd()): string[] {
  return Object.entries(LOADING_VARIABLES).flatMap(([name, pathsOf]) => {
    const value = env[name];
    return value === undefined || value === '' ? [] : pathsOf(value).map((path) => resolve(cwd, path));
  });
}

function unquoted(word: string): string {
  return word.replaceAll(/"((?:[^"\\]|\\.)*)"/gs, (_, text: string) => text.replaceAll(/\\(.)/gs, '$1'));
}

function fileOf(value: string, cwd: string): string | undefined {
  try {
    if (value.startsWith('file:')) return fileURLToPath(value);
    const path = resolve(cwd, value);
    // The path is resolved as require does: without its extension, and in node_modules.
    const require = createRequire(resolve(cwd, 'program.js'));
    const isPath = value.startsWith('.') || value === path;
    return found(() => require.resolve(isPath ? path : value)) ?? path;
  } catch {
    return undefined;
  }
}

function found(resolveIt: () => string): string | undefined {
  try {
    return resolveIt();
  } catch {
    return undefined;
  }
}
