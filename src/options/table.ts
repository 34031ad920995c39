import { MOST_WORKERS } from '../contract/limits.ts';
import type { Shape } from './shape.ts';

/**
 * The options: the one place where each is described. Flags, variables, the keys of the config file and the library,
 * what is valid, the help and docs/configuration.md all come from here. `Options` and `Settings` in types.ts are written
 * by hand, for editors to show; `resolveSettings` does not compile when a row has no place in them, nor types.test.ts
 * when anything else differs.
 */
export const optionTable = {
  workers: {
    type: 'integer',
    min: 1,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    word: 'auto',
    short: 'w',
    default: 'auto',
    about: 'Workers to run. auto: as many as the cores this process may use (affinity and cgroup quota).',
  },
  name: {
    type: 'name',
    short: 'n',
    about: "What this server is called. Without it, the entry's file name, or its directory's for index.",
  },
  sharing: {
    type: 'choice',
    choices: ['auto', 'reuseport', 'shared', 'round-robin'],
    default: 'auto',
    about: 'How workers share an address. auto: the first of the others that works here.',
  },
  balance: {
    type: 'choice',
    choices: ['auto', 'kernel', 'least-connections', 'sticky-ip'],
    default: 'auto',
    about:
      'Who serves a connection. kernel: who accepts it. least-connections: all have equally many. sticky-ip: a client has one worker. auto: kernel.',
  },
  migrate: {
    type: 'choice',
    choices: ['on', 'off', 'every-answer'],
    default: 'on',
    about:
      'on: HTTP/1 connections move to the next worker between two requests, unnoticed. off: their clients are told to close. every-answer, for tests: each moves after each answer.',
  },
  spares: {
    type: 'integer',
    min: 0,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    default: 0,
    about: 'Booted workers that wait to take the place of one that ends.',
  },
  ready: {
    type: 'choice',
    choices: ['listen', 'message', 'start'],
    default: 'listen',
    about:
      "What a worker is ready by. listen: it listens wherever the worker before it did. message: process.send('ready'). start: its start.",
  },
  readyTimeout: {
    type: 'time',
    min: 1,
    default: '30s',
    about:
      'How long a worker may take from its start until it is ready. One that listens by then, but not everywhere, is taken as it is.',
  },
  settle: {
    type: 'time',
    max: 60_000,
    default: '500ms',
    about: 'How long a new worker that is ready has to last before it is believed, and gets its slot. 0: not at all.',
  },
  maxSurge: {
    type: 'integer',
    min: 1,
    max: MOST_WORKERS as typeof MOST_WORKERS,
    default: 1,
    about: 'New workers that a reload boots beside the old ones at once.',
  },
  drainTimeout: {
    type: 'time',
    default: '30s',
    about:
      'How long a worker that was replaced may take to finish. Then it gets SIGTERM, and after the shutdown grace period SIGKILL.',
  },
  drainDelay: {
    type: 'time',
    default: '0',
    about:
      'How long a server that stops goes on accepting after it said that it is not ready, for load balancers to notice.',
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
    about: 'on: where a worker hangs is logged before it is killed. Costs a thread, 7 to 11 MB a worker.',
  },
  heartbeatTimeout: {
    type: 'time',
    // A worker beats every 250 ms, and a long garbage collection is no hang.
    min: 1000,
    zero: true,
    default: '30s',
    about: 'How long the event loop of a worker may stand still. Then it is killed and replaced. 0: for ever.',
  },
  recoverThreshold: {
    type: 'integer',
    min: 0,
    word: 'auto',
    default: 'auto',
    about:
      'How often workers may end unasked within the recover window. Once more, and prefork stops. auto: when all crash, and none lasts, over the whole window. 0: no limit.',
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
      'How long a worker that keeps crashing waits for its restart. Doubles with each crash, up to 30s, or to 1s while none serves.',
  },
  maxRequests: {
    type: 'integer',
    min: 0,
    default: 0,
    about:
      'Requests after which a worker is replaced, or up to a tenth fewer, so that not all go at once. 0: no limit.',
  },
  maxMemory: {
    type: 'size',
    // Below what node itself takes, every worker would be replaced as soon as it is ready.
    min: 33_554_432,
    zero: true,
    default: '0',
    about: 'Memory (resident set) above which a worker is replaced, or up to a tenth below. 0: no limit.',
  },
  maxLifetime: {
    type: 'time',
    default: '0',
    about: 'Age at which a worker is replaced, or up to a tenth sooner. 0: no limit.',
  },
  admin: {
    type: 'address',
    about:
      'Serves the dashboard, metrics, health and status over TCP, on the loopback unless a host is given. Without it, no.',
  },
  adminTokenFile: {
    type: 'path',
    about:
      'The file with the token that changes over --admin take. Without it, PREFORK_ADMIN_TOKEN, or a new one in the log.',
  },
  user: {
    type: 'account',
    about: 'The user that the server runs as, workers and primary; only root can say so.',
  },
  group: {
    type: 'account',
    about: "The group that the server runs as; without it, the user's own.",
  },
  bind: {
    type: 'ports',
    about: 'With --user, the ports below 1024 that may be bound. Without it, those that the first start asks for.',
  },
  logFormat: {
    type: 'choice',
    choices: ['text', 'json'],
    default: 'text',
    about: 'One line an event: text for people, json for machines.',
  },
  logLevel: {
    type: 'choice',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: 'info',
    about: 'The least severe events to log.',
  },
  prefixOutput: {
    type: 'switch',
    default: false,
    about: 'Puts the slot before each line that a worker writes, and keeps lines whole.',
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
  /** As a config file would write it. */
  readonly default?: string | number | boolean;
  /** Has a flag, but no variable and no key. */
  readonly commandOnly?: true;
  /** One or two sentences for the help and the documentation. */
  readonly about: string;
};

type Table = typeof optionTable;

export type OptionKey = keyof Table;

/** The keys of the library and the config file, and what becomes settings: all but those of the command alone. */
export type SettingKey = { [Key in OptionKey]: Table[Key] extends { commandOnly: true } ? never : Key }[OptionKey];

/** The table as its readers see it. Assigning it here is what checks the rows. */
export const optionRows: Readonly<Record<OptionKey, OptionRow>> = optionTable;

export const optionKeys: readonly OptionKey[] = Object.keys(optionTable) as OptionKey[];

export const settingKeys: readonly SettingKey[] = optionKeys.filter(isSettingKey);

/** `readyTimeout` is `ready-timeout`, to which the command line adds the dashes. */
export function flagName(key: OptionKey): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `readyTimeout` is `PREFORK_READY_TIMEOUT`. */
export function variableName(key: SettingKey): string {
  return `PREFORK_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}

export function isSettingKey(key: OptionKey): key is SettingKey {
  return optionRows[key].commandOnly !== true;
}
