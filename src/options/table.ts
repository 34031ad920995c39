import { MOST_WORKERS } from '../contract/limits.ts';
import type { Shape } from './shape.ts';
import { keysOf } from '../contract/tables.ts';

/**
 * Describes each option in one place. Flags, variables, the keys of the config file and the library, validation, the
 * help and docs/configuration.md all come from here. `Options` and `Settings` in types.ts are written by hand, so that
 * editors can show them. `resolveSettings` does not compile when a row is missing there, and types.test.ts does not
 * compile when anything else differs.
 */
export const optionTable = {
  workers: {
    type: 'workers',
    min: 1,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    short: 'w',
    default: 'auto',
    about:
      'How many workers run. auto: one for each core that this process may use (affinity and cgroup quota). A range, such as 2..8 or 1..auto: as many as the load needs.',
  },
  name: {
    applies: 'restart',
    type: 'name',
    short: 'n',
    about:
      "The name of this server. Without it, the name of the entry's file; for an index file, the name of its directory.",
  },
  cwd: {
    type: 'directory',
    about:
      'The working directory of the workers. A symbolic link is followed anew at each reload. Without it, the directory that prefork was started in, by the name that the shell knows ($PWD).',
  },
  envFile: {
    type: 'list',
    of: 'file',
    about:
      'A file of variables for the workers, read again at each reload. It may be given several times: later files win, and the environment wins over files.',
  },
  nodeArgs: {
    type: 'list',
    of: 'node flag',
    flag: 'node-arg',
    about:
      "A flag of node's for the workers. It may be given several times. Node's own flags before the entry do the same.",
  },
  primary: {
    type: 'path',
    about:
      "The application's half of libraries that expect node:cluster's primary: a file that runs in a process of its own, which hears what workers send, and has cluster.workers.",
  },
  instanceVariable: {
    type: 'variable',
    default: 'NODE_APP_INSTANCE',
    about: 'The variable that tells a worker its slot, beside PREFORK_SLOT. none: there is no such variable.',
  },
  stopSignal: {
    type: 'choice',
    choices: ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'],
    default: 'SIGTERM',
    about:
      'The signal that a worker gets when it is to end, after its connections have. SIGINT is for applications that have a handler for that alone.',
  },
  sharing: {
    applies: 'restart',
    type: 'choice',
    choices: ['auto', 'reuseport', 'shared', 'round-robin'],
    default: 'auto',
    about: 'How workers share an address. auto: the first of the other values that works here.',
  },
  balance: {
    applies: 'upgrade',
    type: 'choice',
    choices: ['auto', 'kernel', 'least-connections', 'sticky-ip'],
    default: 'auto',
    about:
      'Which worker serves a connection. kernel: the one that accepts it. auto: HTTP/1 connections then move, so that all workers have equally many. least-connections: all others too, at the accept. sticky-ip: a client always gets the same worker.',
  },
  migrate: {
    applies: 'upgrade',
    type: 'choice',
    choices: ['on', 'off', 'every-answer'],
    default: 'on',
    about:
      'on: HTTP/1 connections move to another worker between two requests, unnoticed. off: none does, and clients of a worker that leaves are told to close. every-answer, for tests: each moves after each answer.',
  },
  proxyProtocol: {
    applies: 'upgrade',
    type: 'words',
    of: 'network',
    about:
      'The proxies in front of the server that send PROXY protocol (version 1 or 2): addresses, networks, and unix for those that connect to a Unix socket. Each of their connections has to begin with its header, and has the address of the client then. From others no header is read. Without it, no proxy is trusted.',
  },
  spares: {
    type: 'integer',
    min: 0,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    default: 0,
    about: 'How many booted workers wait to take the place of one that ends.',
  },
  ready: {
    type: 'choice',
    choices: ['listen', 'message', 'start'],
    default: 'listen',
    about:
      "When a worker is ready. listen: it listens wherever the worker before it did. message: it calls process.send('ready'). start: it has started.",
  },
  readyShare: {
    applies: 'upgrade',
    type: 'percent',
    min: 0,
    max: 100,
    default: '0%',
    about:
      'The least share of the workers that has to serve for /readyz and --health-path to say that the server is ready. 0%: one worker is enough.',
  },
  healthPath: {
    applies: 'upgrade',
    type: 'route',
    about:
      "The path at which the application's own port answers whether the server is ready, as /readyz does: 200, or 503. The application does not see these requests. Without it, there is none.",
  },
  readyTimeout: {
    type: 'time',
    min: 1,
    default: '30s',
    about:
      'How long a worker may take from its start until it is ready. A worker that listens by then, but not everywhere, is accepted as it is.',
  },
  settle: {
    type: 'time',
    max: 60_000,
    default: '500ms',
    about: 'How long a new worker that is ready has to survive before it gets its slot. 0: it gets the slot at once.',
  },
  maxSurge: {
    type: 'integer',
    min: 1,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    default: 1,
    about: 'How many new workers a reload boots at a time, beside the old ones.',
  },
  keepPrevious: {
    type: 'time',
    // The time for which a timer of Node's can wait is about 24 days.
    max: 86_400_000,
    default: '0',
    about:
      'How long after a reload the workers of the generation before it stay parked: booted, without connections, ready for prefork rollback. It costs their memory. 0: they leave at once.',
  },
  canary: {
    type: 'share',
    default: 0,
    about:
      'How many workers, or what share of them, a reload replaces first, to compare both generations. 0: none, the reload replaces all one after another.',
  },
  canaryWatch: {
    type: 'time',
    min: 1000,
    max: 86_400_000,
    default: '1m',
    about: 'How long a canary is watched before the other workers are replaced too.',
  },
  onDoubt: {
    type: 'choice',
    choices: ['rollback', 'continue'],
    default: 'rollback',
    about:
      'What becomes of a canary that had too little traffic to tell. continue: the other workers are replaced too.',
  },
  maxBoots: {
    type: 'integer',
    min: 1,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    word: 'auto',
    default: 'auto',
    about:
      'How many workers boot at a time at the start, and when the number of workers grows. A worker whose boot only waits does not count. auto: as many as there are cores for this process.',
  },
  canaryErrors: {
    type: 'percent',
    min: 0.01,
    max: 100,
    default: '0.5%',
    about:
      'How many percent of all requests may fail with 5xx in workers of a canary in addition to those that fail in the others.',
  },
  canaryLatency: {
    type: 'percent',
    min: 1,
    max: 1000,
    default: '30%',
    about: 'By how many percent the median and the 99th percentile of the time of answers may be higher in a canary.',
  },
  canaryLoop: {
    type: 'percent',
    min: 1,
    max: 1000,
    default: '50%',
    about: 'By how many percent the event loops of a canary may be busier with as many requests, or later.',
  },
  canaryMemory: {
    type: 'percent',
    min: 1,
    max: 1000,
    default: '50%',
    about: 'By how many percent the workers of a canary may have more memory than the largest of the others.',
  },
  canaryWarmup: {
    type: 'time',
    max: 600_000,
    default: '5s',
    about:
      'How long the times of answers, the event loop and the memory of a new worker do not count, at most a quarter of the watch.',
  },
  canaryRequests: {
    type: 'integer',
    min: 20,
    max: 1_000_000,
    default: 100,
    about: 'How many requests each side of a canary has to answer. With fewer there is too little traffic to tell.',
  },
  canaryMetrics: {
    applies: 'upgrade',
    type: 'metrics',
    about:
      "Metrics of the application's own registry that a canary is judged by, which way is worse, and by how much, such as orders_failed_total:higher:50%.",
  },
  drainTimeout: {
    type: 'time',
    default: '30s',
    about:
      'How long a worker that was replaced may take to finish. Then it gets SIGTERM, and SIGKILL after the shutdown grace period.',
  },
  drainDelay: {
    type: 'time',
    default: '0',
    about:
      'How long a server that stops still accepts connections after it reports that it is not ready, so that load balancers can notice.',
  },
  shutdownGracePeriod: {
    type: 'time',
    default: '10s',
    about: 'How long workers may take to finish when the server stops. Then they are killed.',
  },
  hangStack: {
    type: 'choice',
    choices: ['off', 'on'],
    default: 'off',
    about:
      'on: the stack of a worker that hangs is logged before the worker is killed. This costs a thread and 7 to 11 MB a worker.',
  },
  heartbeatTimeout: {
    type: 'time',
    // A worker beats every 250 ms, and a long garbage collection is not a hang.
    min: 1000,
    zero: true,
    default: '30s',
    about: 'How long the event loop of a worker may stand still. Then the worker is killed and replaced. 0: for ever.',
  },
  recoverThreshold: {
    type: 'integer',
    min: 0,
    word: 'auto',
    default: 'auto',
    about:
      'How many workers may end unasked within the recover window. With one more, prefork stops. auto: prefork stops when all workers crash over the whole window and none lasts. 0: no limit.',
  },
  recoverWindow: {
    type: 'time',
    min: 1,
    default: '60s',
    about: 'How long an exit counts towards the recover threshold.',
  },
  recoverInterval: {
    type: 'time',
    // The backoff that starts here ends at 30s.
    max: 30_000,
    default: '100ms',
    about:
      'How long a slot whose worker keeps crashing waits for the next one. The time doubles with each crash, up to 30s, or up to 1s while no worker serves.',
  },
  maxRequests: {
    type: 'integer',
    min: 0,
    default: 0,
    about:
      'How many requests a worker serves before it is replaced, or up to a tenth fewer, so that not all go at once. 0: no limit.',
  },
  maxMemory: {
    type: 'size',
    // Node itself takes about this much. With a lower limit, every worker would be replaced as soon as it is ready.
    min: 33_554_432,
    zero: true,
    default: '0',
    about:
      'How much memory (resident set) a worker may have before it is replaced, or up to a tenth less. 0: no limit.',
  },
  maxLifetime: {
    type: 'time',
    default: '0',
    about: 'The age at which a worker is replaced, or up to a tenth sooner. 0: no limit.',
  },
  admin: {
    applies: 'upgrade',
    type: 'address',
    about:
      'The address that serves the dashboard, metrics, health and status over TCP, on the loopback unless a host is given. Without it, nothing is served.',
  },
  adminHost: {
    applies: 'upgrade',
    type: 'words',
    of: 'host',
    about:
      'Host names under which clients may reach --admin, such as metrics.example.com,*.example.org. Addresses, localhost, names below localhost, internal and home.arpa, the name of the machine and the host of --admin are always accepted. Any other name could belong to an attacker whose page a browser here has opened (DNS rebinding).',
  },
  adminTokenFile: {
    applies: 'upgrade',
    type: 'path',
    about:
      'The file with the token that changes through --admin require. Without it, PREFORK_ADMIN_TOKEN, or a new token in the log.',
  },
  appVersion: {
    type: 'version',
    about:
      "The version of the application, for the metric prefork_application_info. Without it, the one of the application's package.json.",
  },
  user: {
    applies: 'restart',
    type: 'account',
    about: 'The user that the primary and the workers run as. Only root can set it.',
  },
  group: {
    applies: 'restart',
    type: 'account',
    about: "The group that the server runs as. Without it, the user's own group.",
  },
  bind: {
    applies: 'restart',
    type: 'ports',
    about: 'With --user, the ports below 1024 that may be bound. Without it, the ports that the first start asks for.',
  },
  logFormat: {
    applies: 'upgrade',
    type: 'choice',
    choices: ['text', 'json'],
    default: 'text',
    about: 'The format of the log, one line an event: text for people, json for machines.',
  },
  logLevel: {
    applies: 'upgrade',
    type: 'choice',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    about: 'The lowest severity that is logged.',
  },
  logTime: {
    type: 'switch',
    default: false,
    about:
      'Writes the time before each line, of the log and of workers. The lines of the workers are then kept for prefork logs, as with --prefix-output.',
  },
  compileCache: {
    applies: 'upgrade',
    type: 'directory',
    about:
      "The directory of Node's compile cache for the workers. The first worker boots alone and fills it. It belongs to the workers' user. Node 22.10 or newer.",
  },
  watch: {
    type: 'switch',
    default: false,
    about:
      'For development: reloads when a file of code in the working directory changes, outside of node_modules. One worker is then the default.',
  },
  prefixOutput: {
    applies: 'upgrade',
    type: 'switch',
    default: false,
    about: 'Writes the slot before each line of a worker, and keeps lines whole.',
  },
  app: {
    type: 'name',
    commandOnly: true,
    about: "The one of the config file's apps that runs. Without it, all of them.",
  },
  config: {
    type: 'path',
    commandOnly: true,
    about: 'The config file. Without it, prefork.config.{js,mjs,ts,json} in the working directory, if there is one.',
  },
} as const;

/** A row of the table. */
export type OptionRow = Shape & {
  /** The letter of the short flag. */
  readonly short?: string;
  /** The default as a config file would write it. */
  readonly default?: string | number | boolean;
  /** True for an option that has a flag, but no variable and no key. */
  readonly commandOnly?: true;
  /** The name of the flag, where it is not made of the key. */
  readonly flag?: string;
  /** What it takes to change the value, where a reload is not enough. @default a reload */
  readonly applies?: 'upgrade' | 'restart';
  /** The option's help, in one or two sentences. */
  readonly about: string;
};

type Table = typeof optionTable;

export type OptionKey = keyof Table;

/** The keys of the library and the config file. They leave out the options of the command alone. */
export type SettingKey = { [Key in OptionKey]: Table[Key] extends { commandOnly: true } ? never : Key }[OptionKey];

/** The table with the type of its readers. This assignment checks the rows. */
export const optionRows: Readonly<Record<OptionKey, OptionRow>> = optionTable;

export const optionKeys: readonly OptionKey[] = keysOf(optionTable);

export const settingKeys: readonly SettingKey[] = optionKeys.filter(isSettingKey);

/** Turns `readyTimeout` into `ready-timeout`, unless the row names the flag. The command line adds the dashes. */
export function flagName(key: OptionKey): string {
  return optionRows[key].flag ?? key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Turns `readyTimeout` into `PREFORK_READY_TIMEOUT`. */
export function variableName(key: SettingKey): string {
  return `PREFORK_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}

export function isSettingKey(key: OptionKey): key is SettingKey {
  return optionRows[key].commandOnly !== true;
}
