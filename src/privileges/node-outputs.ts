/**
 * Lists what node writes because of its flags and NODE_OPTIONS, and where. Until it has become the account, root writes it, and a link that
 * the account has put there under a name that it can foretell would lead root elsewhere.
 */
import { join, resolve } from 'node:path';
import { flagsIn, type Flag } from './node-flags.ts';

/** A file that root writes. */
export interface RootsOutput {
  /** The flag or variable that makes node write it. */
  readonly by: string;
  readonly path: string;
}

interface Output {
  /** The flags that make node write it. */
  readonly by: readonly string[];
  /** The name of the file, as far as others can foretell it. */
  readonly file: string;
  /** The flag that names it otherwise. */
  readonly named?: string;
  /** The flags that name its directory. @default the working directory */
  readonly directories?: readonly string[];
  /** The directory where no flag names one. @default the working directory */
  readonly directory?: string;
}

const PERF = {
  file: 'perf.map',
  directories: ['--perf-basic-prof-path'],
  // V8 writes this one there, wherever it is started.
  directory: '/tmp',
};

const OUTPUTS: readonly Output[] = [
  {
    by: ['--cpu-prof'],
    file: 'CPU.cpuprofile',
    named: '--cpu-prof-name',
    directories: ['--cpu-prof-dir', '--diagnostic-dir'],
  },
  {
    by: ['--heap-prof'],
    file: 'Heap.heapprofile',
    named: '--heap-prof-name',
    directories: ['--heap-prof-dir', '--diagnostic-dir'],
  },
  {
    by: ['--heapsnapshot-near-heap-limit', '--heapsnapshot-signal'],
    file: 'Heap.heapsnapshot',
    directories: ['--diagnostic-dir'],
  },
  {
    by: ['--report-on-fatalerror', '--report-on-signal', '--report-uncaught-exception'],
    file: 'report.json',
    named: '--report-filename',
    directories: ['--report-dir', '--report-directory'],
  },
  {
    by: ['--trace-event-categories', '--trace-events-enabled'],
    file: 'node_trace.1.log',
    named: '--trace-event-file-pattern',
  },
  { by: ['--no-logfile-per-isolate', '--nologfile-per-isolate', '--logfile'], file: 'v8.log', named: '--logfile' },
  { by: ['--perf-prof'], file: 'jit.dump', directories: ['--perf-prof-path'] },
  { by: ['--ll-prof'], file: '__v8_gc__', named: '--gc-fake-mmap', directory: '/tmp' },
  { by: ['--perf-basic-prof', '--perf-basic-prof-only-functions'], ...PERF },
];

/** The flags and variables whose value is what is written. */
const NAMING_FLAGS: ReadonlySet<string> = new Set(['--redirect-warnings', '--tls-keylog']);
const NAMING_VARIABLES = ['NODE_REDIRECT_WARNINGS', 'NODE_V8_COVERAGE'];

/** The flags that are in these lists. */
const KNOWN: ReadonlySet<string> = new Set([
  ...OUTPUTS.flatMap(({ by, named = '', directories = [] }) => [...by, named, ...directories]),
  ...NAMING_FLAGS,
]);

/**
 * V8's flags that write no file, or write to its log, of which others cannot foretell the name. V8 has hundreds, and other ones in each
 * version, so a flag that is neither here nor among those that node takes from NODE_OPTIONS may write a file.
 */
const HARMLESS = new RegExp(
  `^--(?:no-.*|(?:harmony|single-threaded)(?:-.*)?|(?:max|min|initial|expose|js|stack|trace-gc|gc)-.*|semi-space-.*|heap-growing-percent|${[
    'allow-natives-syntax|trace-gc|trace-opt|trace-deopt|always-(?:opt|osr|sparkplug|turbofan)|concurrent-.*|hash-seed|jitless|lite-mode|lazy|maglev|opt|optimize-for-size',
    'predictable|random-seed|sparkplug|turbofan|use-strict|prof|prof-sampling-interval|prof-cpp|log|log-.*|logfile-per-isolate',
    'env-file|env-file-if-exists|experimental-config-file|experimental-default-config-file|eval|print|check|interactive',
  ].join('|')})$`,
);

/** The name of a file that has a name which is not known. */
const UNKNOWN = 'file';

/** The names that stand for no file: node's reports and V8's log take them for its output, and for a file without a name. */
const NO_FILES: ReadonlySet<string> = new Set(['stdout', 'stderr', '-', '+']);

/**
 * Lists the files of the flags and the variables.
 *
 * @param cwd the directory that relative paths start from.
 * @returns the absolute paths. Of names that have the time or the pid in them, a part stands for all.
 */
export function outputsOf(
  execArgv: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string = process.cwd(),
): RootsOutput[] {
  const flags = flagsIn(execArgv, env['NODE_OPTIONS']);
  const ofVariables = NAMING_VARIABLES.map((name): Flag => ({ name, value: env[name] }));
  const named = [...flags.filter(({ name }) => NAMING_FLAGS.has(name)), ...ofVariables];
  return [
    ...OUTPUTS.flatMap((output) => filesOf(output, flags, cwd)),
    ...named.flatMap(({ name, value }) => (value ? [{ by: name, path: resolve(cwd, value) }] : [])),
    ...flags.filter(({ name }) => !isHarmless(name)).flatMap((flag) => unknownOf(flag, cwd)),
  ];
}

function isHarmless(name: string): boolean {
  if (!name.startsWith('--') || KNOWN.has(name) || HARMLESS.test(name)) return true;
  return process.allowedNodeEnvironmentFlags.has(name);
}

/** What is not known of is written into the working directory, as V8 does, or where the flag's value says. */
function unknownOf({ name, value }: Flag, cwd: string): RootsOutput[] {
  const paths = [join(cwd, UNKNOWN), ...(value?.includes('/') === true ? [resolve(cwd, value)] : [])];
  return paths.map((path) => ({ by: name, path }));
}

function filesOf(output: Output, flags: readonly Flag[], cwd: string): RootsOutput[] {
  const by = flags.find(({ name }) => output.by.includes(name))?.name;
  if (by === undefined) return [];
  const values = (names: readonly string[]): string[] =>
    flags.flatMap(({ name, value }) => (value && names.includes(name) ? [value] : []));
  const directories = values(output.directories ?? []);
  const names = values(output.named === undefined ? [] : [output.named]);
  const files = (names.length > 0 ? names : [output.file]).filter((file) => !NO_FILES.has(file));
  // Node puts the name behind that of the directory, also one that begins with a slash.
  const paths =
    directories.length > 0
      ? directories.flatMap((directory) => files.map((file) => join(resolve(cwd, directory), file)))
      : files.map((file) => resolve(cwd, output.directory ?? '', file));
  return paths.map((path) => ({ by, path }));
}
