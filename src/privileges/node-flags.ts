/** What node was told to load before any program, by its flags and NODE_OPTIONS: root runs that, too. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** With a module, a file that has flags and variables for node itself, or one in whose place a link could lead root elsewhere. */
const LOADING =
  /^(?:-r|--(?:require|import|loader|experimental-loader|experimental-policy|env-file|env-file-if-exists|experimental-config-file|openssl-config|snapshot-blob|icu-data-dir|localstorage-file|redirect-warnings|tls-keylog))(?:=(.*))?$/s;

/** What node reads in the working directory when it has this flag. */
const DEFAULT_CONFIG = ['--experimental-default-config-file', 'node.config.json'] as const;

type PathsOf = (value: string) => string[];

const one: PathsOf = (value) => [value];
/** A name without a slash is looked for where libraries are (ld.so(8)). */
const libraries: PathsOf = (value) => value.split(/[: ]+/).filter((path) => path.includes('/'));
/** An empty one in the list is the working directory; `$ORIGIN` and the like are of the program's own directory. */
const directories: PathsOf = (value) => value.split(/[:;]/).filter((path) => !path.startsWith('$'));

/** What node, and the loader of programs, take from a variable: code, which is also what the cache and the libraries have. */
const LOADING_VARIABLES: Readonly<Record<string, PathsOf>> = {
  NODE_COMPILE_CACHE: one,
  NODE_REDIRECT_WARNINGS: one,
  NODE_V8_COVERAGE: one,
  NODE_ICU_DATA: one,
  OPENSSL_CONF: one,
  OPENSSL_MODULES: one,
  LD_PRELOAD: libraries,
  LD_AUDIT: libraries,
  LD_LIBRARY_PATH: directories,
};

/** NODE_OPTIONS is split at spaces; those in double quotes stay, where a backslash takes the next character as it is. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^ "])+/gs;

/** @param cwd what relative paths are relative to. @returns the absolute paths; a package that is not there has none. */
export function filesOfFlags(
  execArgv: readonly string[],
  nodeOptions: string | undefined,
  cwd: string = process.cwd(),
): string[] {
  const words = (nodeOptions ?? '').match(WORD) ?? [];
  return [execArgv, words.map(unquoted)].flatMap((flags) =>
    flags.flatMap((flag, at) => {
      if (flag === DEFAULT_CONFIG[0]) return [resolve(cwd, DEFAULT_CONFIG[1])];
      const match = LOADING.exec(flag);
      const value = match === null ? undefined : (match[1] ?? flags[at + 1]);
      return value === undefined || value === '' ? [] : (fileOf(value, cwd) ?? []);
    }),
  );
}

/** @returns the absolute paths. */
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
    // As require does: without its extension, and in node_modules.
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
