/**
 * Suggests the prefork equivalent when a user types a command or flag of another tool. The suggestion ends an error message.
 * It is never executed.
 */

/** The commands of PM2, forever, systemd and Docker. */
const commands: Readonly<Record<string, string>> = {
  restart: 'prefork reload replaces the workers, prefork upgrade the primary too',
  gracefulReload: 'prefork reload',
  start: 'prefork <entry>',
  run: 'prefork <entry>',
  serve: 'prefork <entry>',
  ls: 'prefork list',
  l: 'prefork list',
  ps: 'prefork list',
  info: 'prefork status',
  show: 'prefork status',
  describe: 'prefork status',
  jlist: 'prefork list --json',
  monit: 'prefork top, or prefork dashboard',
  delete: 'prefork stop',
  del: 'prefork stop',
  kill: 'prefork stop --now',
  quit: 'prefork stop',
  shutdown: 'prefork stop',
  log: 'prefork logs',
  flush: 'nothing is needed: prefork keeps no files of logs',
  instances: 'prefork scale <n>',
  workers: 'prefork scale <n>',
  save: 'a service manager starts prefork again: docs/deployment.md',
  startup: 'a service manager starts prefork again: docs/deployment.md',
  update: 'prefork upgrade',
  trigger: 'prefork reload',
  version: 'prefork --version',
  help: 'prefork --help',
};

/** The flags with their dashes. */
const flags: Readonly<Record<string, string>> = {
  '-i': '--workers',
  '--instances': '--workers',
  '--processes': '--workers',
  '--cluster': '--workers',
  '--concurrency': '--workers',
  '--max-memory-restart': '--max-memory',
  '--memory-limit': '--max-memory',
  '--kill-timeout': '--shutdown-grace-period',
  '--listen-timeout': '--ready-timeout',
  '--graceful-timeout': '--drain-timeout',
  '--timeout': '--heartbeat-timeout',
  '--max-restarts': '--recover-threshold',
  '--restart-delay': '--recover-interval',
  '--exp-backoff-restart-delay': '--recover-interval',
  '--time': '--log-time',
  '--uid': '--user',
  '--gid': '--group',
  '--uds': 'the entry listens: say it to the entry, after its name',
  '--port': 'the entry listens: say it to the entry, after its name',
  '-p': 'the entry listens: say it to the entry, after its name',
  '--host': 'the entry listens: say it to the entry, after its name',
  '--daemon': 'a service manager runs it in the background: docs/deployment.md',
  '-d': 'a service manager runs it in the background: docs/deployment.md',
};

/** Programs that run another one in a process of its own, which is no worker. */
const runners: Readonly<Record<string, string>> = {
  tsx: 'prefork --import tsx <entry>',
  'ts-node': 'prefork --require ts-node/register <entry>',
  'ts-node-esm': 'prefork --loader ts-node/esm <entry>',
  'ts-node-transpile-only': 'prefork --require ts-node/register/transpile-only <entry>',
  'swc-node': 'prefork --import @swc-node/register/esm-register <entry>',
  'babel-node': 'prefork --require @babel/register <entry>',
  node: 'prefork <entry>, with flags of node before it',
  npx: 'prefork node_modules/.bin/<command>',
};

/** Returns what to write instead of a program that runs programs; undefined for any other entry. */
export function meantRunner(name: string): string | undefined {
  return Object.hasOwn(runners, name) ? runners[name] : undefined;
}

/** Returns the end of a message such as `; here that is: prefork status`, or an empty string. */
export function meantCommand(word: string): string {
  return Object.hasOwn(commands, word) ? `; here that is: ${commands[word]}` : '';
}

export function meantFlag(flag: string): string {
  return Object.hasOwn(flags, flag) ? `; here that is: ${flags[flag]}` : '';
}
