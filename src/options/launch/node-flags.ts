/** Tells node's own flags, which may stand before the entry and go to the workers, from prefork's. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { UsageError } from '../../errors.ts';

/** Flags that node takes on its command line and not in NODE_OPTIONS, so that node does not list them to a program. */
const ON_THE_COMMAND_LINE = new Set(['--env-file-if-exists', '--expose-gc', '--stack-size']);

/** Flags with which node does not run the entry as a server, or runs it in a process of its own. */
const NOT_FOR_SERVERS = new Set(['--watch', '--watch-path', '--watch-preserve-output']);

/**
 * The flags whose value may be the next argument. Those of V8 take it after `=` alone. This is the list of `node --help`,
 * without the ones for tests and tools.
 */
const WITH_A_VALUE = new Set([
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--input-type',
  '--experimental-default-type',
  '--env-file-if-exists',
  '--diagnostic-dir',
  '--disable-proto',
  '--disable-warning',
  '--dns-result-order',
  '--allow-fs-read',
  '--allow-fs-write',
  '--icu-data-dir',
  '--localstorage-file',
  '--title',
  '--max-http-header-size',
  '--max-old-space-size-percentage',
  '--openssl-config',
  '--redirect-warnings',
  '--network-family-autoselection-attempt-timeout',
  '--report-filename',
  '--report-directory',
  '--report-signal',
  '--secure-heap',
  '--secure-heap-min',
  '--snapshot-blob',
  '--tls-cipher-list',
  '--tls-keylog',
  '--use-largepages',
  '--trace-event-categories',
  '--trace-event-file-pattern',
  '--trace-require-module',
  '--unhandled-rejections',
  '--v8-pool-size',
  '--cpu-prof-dir',
  '--cpu-prof-interval',
  '--cpu-prof-name',
  '--heap-prof-dir',
  '--heap-prof-name',
  '--heap-prof-interval',
  '--heapsnapshot-near-heap-limit',
  '--heapsnapshot-signal',
  '--inspect-publish-uid',
  '--experimental-config-file',
  '--inspect-port',
  '--debug-port',
]);

const VERSION_WITHIN_MS = 10_000;

/**
 * Returns the part of the arguments, from `at` on, that is a flag of node's.
 *
 * @param isOther says that the flag is more likely a misspelt one of prefork's. Node is then not asked whether it knows it.
 * @returns the flag, with its value where that is the next argument; empty when there is none.
 */
export function nodeFlagAt(argv: readonly string[], at: number, isOther: (flag: string) => boolean): string[] {
  const flag = argv[at]!;
  const [name = ''] = flag.split('=', 1);
  if (NOT_FOR_SERVERS.has(name) || !/^-[A-Za-z]$|^--[a-z]/.test(name)) return [];
  if (!isKnown(name) && (isOther(name) || !isTaken([flag]))) return [];
  const value = argv[at + 1];
  return !flag.includes('=') && WITH_A_VALUE.has(name) && value !== undefined ? [flag, value] : [flag];
}

/**
 * Checks flags that the workers' node is to get. Node is asked about those that it does not list.
 *
 * @param place where they were given.
 * @throws UsageError with node's own words.
 */
export function checkNodeFlags(place: string, flags: readonly string[]): void {
  const isListed = (flag: string): boolean => !flag.startsWith('-') || isKnown(flag.split('=', 1)[0]!);
  if (flags.every(isListed) || isTaken(flags)) return;
  const { stderr } = runNode(flags);
  const words = /(?:bad option|illegal value|not allowed|requires an argument).*/.exec(stderr)?.[0];
  throw new UsageError(`${place}: expected flags of node, got ${flags.join(' ')}${words ? `: ${words}` : ''}`);
}

function isKnown(name: string): boolean {
  return ON_THE_COMMAND_LINE.has(name) || process.allowedNodeEnvironmentFlags.has(name);
}

/** Node ends before it loads anything when it is asked for its version. */
function isTaken(flags: readonly string[]): boolean {
  return runNode(flags).status === 0;
}

function runNode(flags: readonly string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [...flags, '--version'], { encoding: 'utf8', timeout: VERSION_WITHIN_MS });
}
