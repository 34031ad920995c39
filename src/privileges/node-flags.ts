/** Lists what node loads before any program because of its flags and NODE_OPTIONS, because root runs that too. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Matches flags that take a module, a file with flags and variables for node itself, or a file in whose place a link
 * could lead root elsewhere.
 */
const LOADING =
  /^(?:-r|--(?:require|import|loader|experimental-loader|experimental-policy|env-file|env-file-if-exists|experimental-config-file|openssl-config|snapshot-blob|icu-data-dir|localstorage-file|redirect-warnings|tls-keylog|cpu-prof-dir|heap-prof-dir|diagnostic-dir|report-dir|report-directory|report-filename|logfile|trace-event-file-pattern))(?:=(.*))?$/s;

/** Flags, and a file that node then reads or creates in the working directory, under a name that others can foretell. */
const IN_WORKING_DIRECTORY: ReadonlyMap<string, string> = new Map([
  ['--experimental-default-config-file', 'node.config.json'],
  ['--no-logfile-per-isolate', 'v8.log'],
  ['--trace-event-categories', 'node_trace.1.log'],
  ['--trace-events-enabled', 'node_trace.1.log'],
  ['--cpu-prof', 'CPU.cpuprofile'],
  ['--heap-prof', 'Heap.heapprofile'],
  ['--heapsnapshot-near-heap-limit', 'Heap.heapsnapshot'],
  ['--heapsnapshot-signal', 'Heap.heapsnapshot'],
  ['--report-on-fatalerror', 'report.json'],
  ['--report-on-signal', 'report.json'],
  ['--report-signal', 'report.json'],
  ['--report-uncaught-exception', 'report.json'],
  ['--perf-prof', 'jit.dump'],
  // V8 writes this one there, wherever it is started.
  ['--perf-basic-prof', '/tmp/perf.map'],
  ['--perf-basic-prof-only-functions', '/tmp/perf.map'],
]);

type PathsOf = (value: string) => string[];

const one: PathsOf = (value) => [value];
/** A name without a slash is looked for in the directories of libraries (ld.so(8)). */
const libraries: PathsOf = (value) => value.split(/[: ]+/).filter((path) => path.includes('/'));
/** An empty item stands for the working directory; `$ORIGIN` and the like for the program's own directory. */
const directories: PathsOf = (value) => value.split(/[:;]/).filter((path) => !path.startsWith('$'));

/** The variables that make node, or the loader of programs, load code. The cache and the libraries are code, too. */
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

/** NODE_OPTIONS is split at spaces, except in double quotes. A backslash there takes the next character as it is. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^ "])+/gs;

/**
 * Lists the files of the flags.
 *
 * @param cwd the directory that relative paths start from.
 * @returns the absolute paths; a package that is missing has none.
 */
export function filesOfFlags(
  execArgv: readonly string[],
  nodeOptions: string | undefined,
  cwd: string = process.cwd(),
): string[] {
  const words = (nodeOptions ?? '').match(WORD) ?? [];
  return [execArgv, words.map(unquoted)].flatMap((flags) =>
    flags.flatMap((flag, at) => {
      const known = IN_WORKING_DIRECTORY.get(withDashes(flag).split('=', 1)[0]!);
      if (known !== undefined) return [resolve(cwd, known)];
      const match = LOADING.exec(withDashes(flag));
      const value = match === null ? undefined : (match[1] ?? flags[at + 1]);
      return value === undefined || value === '' ? [] : (fileOf(value, cwd) ?? []);
    }),
  );
}

/** Lists the absolute paths of these variables. */
export function filesOfVariables(env: NodeJS.ProcessEnv, cwd: string = process.cwd()): string[] {
  return Object.entries(LOADING_VARIABLES).flatMap(([name, pathsOf]) => {
    const value = env[name];
    return value === undefined || value === '' ? [] : pathsOf(value).map((path) => resolve(cwd, path));
  });
}

/** Node takes underscores in the name of a flag for dashes. */
function withDashes(flag: string): string {
  const [name = ''] = flag.split('=', 1);
  return name.replaceAll('_', '-') + flag.slice(name.length);
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
