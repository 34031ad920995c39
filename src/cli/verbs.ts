/**
 * The commands other than starting an entry, by the first argument that is not an option. run-verb.ts implements them.
 */

import { askedKinds, rowOf, type AskedKind } from '../contract/operations.ts';
import { tableOf } from '../contract/tables.ts';

export type VerbName =
  | AskedKind
  | 'list'
  | 'status'
  | 'top'
  | 'dashboard'
  | 'logs'
  | 'stop'
  | 'profile'
  | 'heap'
  | 'stack'
  | 'inspect'
  | 'dev'
  | 'unit'
  | 'doctor';

/** The commands that ask a server, or tell of the machine. */
export type AskingVerb = Exclude<VerbName, 'dev'>;

export interface VerbRow {
  /** The command as the help shows it. */
  readonly usage: string;
  /** A sentence for the table of commands. */
  readonly about: string;
}

export const verbs: Readonly<Record<VerbName, VerbRow>> = {
  dev: {
    usage: 'dev [options] <entry>',
    about: 'Start a server for development: one worker, and a reload at each change.',
  },
  list: {
    usage: 'list [--json]',
    about: 'List the servers that run: root those of all users, others their own.',
  },
  status: {
    usage: 'status [--json] [--all]',
    about: 'Show the workers of a server and their state.',
  },
  top: {
    usage: 'top [--json] [--all]',
    about: 'Show the workers of a server live; with --all, every server.',
  },
  logs: {
    usage: 'logs [-f] [--worker <n>]',
    about: 'Print the last lines of a server; with -f, those that follow, too.',
  },
  dashboard: {
    usage: 'dashboard [--no-open]',
    about: 'Show a server live in a browser, until Ctrl-C.',
  },
  ...tableOf<AskedKind, VerbRow>(askedKinds, operationVerb),
  stop: {
    usage: 'stop [--now]',
    about: 'Stop a server, finishing what is in flight; returns when it is gone.',
  },
  profile: {
    usage: 'profile <slot>',
    about: 'Record where a worker spends its time, as a .cpuprofile.',
  },
  heap: {
    usage: 'heap <slot>',
    about: "Write a worker's heap to a .heapsnapshot.",
  },
  stack: {
    usage: 'stack <slot>',
    about: 'Print where a busy worker is now.',
  },
  inspect: {
    usage: 'inspect <slot>',
    about: "Open a worker's inspector on the loopback, until Ctrl-C.",
  },
  unit: {
    usage: 'unit [--user] [<entry>]',
    about: 'Print a systemd unit for servers of any name, prefork@.service.',
  },
  doctor: {
    usage: 'doctor [--json]',
    about: "Tell which of this machine's settings will hurt a server.",
  },
};

function operationVerb(kind: AskedKind): VerbRow {
  const { usage = kind, about = '' } = rowOf(kind);
  return { usage, about };
}

export function isVerb(name: string | undefined): name is VerbName {
  return name !== undefined && Object.hasOwn(verbs, name);
}
