/** Refuses an inspector in a process of root's that starts something for another user. */
import { UsageError } from '../errors.ts';
import { flagsIn } from './node-flags.ts';

/** The flags that open it. The others that begin so only say where or how. */
const OPENING: ReadonlySet<string> = new Set(['--inspect', '--inspect-brk', '--inspect-wait']);

/** How long an inspector may take to close, ms. */
const CLOSING_MS = 1000;

/**
 * Closes this process's inspector, and refuses to go on. Any user of the machine may connect to it and run code in this process, which is
 * root's until it has become the user. The process between root's terminal and the server is root's for ever.
 *
 * @throws UsageError when one is open, or node's flags or NODE_OPTIONS ask for one.
 */
export function refuseRootsInspector(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions: string | undefined = process.env['NODE_OPTIONS'],
): void {
  const url = inspectorUrl();
  const flag = flagsIn(execArgv, nodeOptions).find(({ name }) => OPENING.has(name))?.name;
  if (url === undefined && flag === undefined) return;
  const by = flag === undefined ? 'node’s inspector is open' : `${flag} opens node’s inspector`;
  const reason = `--user: ${by} in root’s process, where any user of this machine could run code as root: give it to the workers alone, by --node-arg=${flag ?? '--inspect'}`;
  if (url !== undefined) close(reason);
  throw new UsageError(reason);
}

/** Undefined where it is not open. Some builds of node have none. */
function inspectorUrl(): string | undefined {
  return process.features.inspector ? process.getBuiltinModule('node:inspector').url() : undefined;
}

/**
 * Closes it. Node waits until each client has taken its leave, and does the same when a process exits, so a client that does not would keep
 * root's process there, with the inspector. So another thread then says the reason, and ends the process.
 */
function close(reason: string): void {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const ends = `setTimeout(() => {
    require('node:fs').writeSync(2, ${JSON.stringify(`prefork: ${reason}\n`)});
    process.kill(process.pid, 'SIGKILL');
  }, ${CLOSING_MS});`;
  new Worker(ends, { eval: true, execArgv: [], env: {} }).unref();
  process.getBuiltinModule('node:inspector').close();
}
