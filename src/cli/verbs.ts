/**
 * The commands other than starting an entry, by the first argument that is not an option. run-verb.ts implements them.
 */

export type VerbName =
  | 'status'
  | 'top'
  | 'dashboard'
  | 'reload'
  | 'scale'
  | 'stop'
  | 'upgrade'
  | 'profile'
  | 'heap'
  | 'stack'
  | 'inspect'
  | 'doctor';

export interface VerbRow {
  /** The command as the help shows it. */
  readonly usage: string;
  /** A sentence for the table of commands. */
  readonly about: string;
}

export const verbs: Readonly<Record<VerbName, VerbRow>> = {
  status: {
    usage: 'status [--json]',
    about: 'Show the workers of a server and their state.',
  },
  top: {
    usage: 'top [--json]',
    about: 'Show the workers of a server live.',
  },
  dashboard: {
    usage: 'dashboard [--no-open]',
    about: 'Show a server live in a browser, until Ctrl-C.',
  },
  reload: {
    usage: 'reload',
    about: 'Replace the workers one by one; returns when the new ones serve or one failed.',
  },
  scale: {
    usage: 'scale <n|+n|-n>',
    about: 'Run n workers, or n more or fewer than now.',
  },
  stop: {
    usage: 'stop [--now]',
    about: 'Stop a server, finishing what is in flight; returns when it is gone.',
  },
  upgrade: {
    usage: 'upgrade',
    about: 'Replace the primary itself, for a new prefork or node.',
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
  doctor: {
    usage: 'doctor [--json]',
    about: "Tell which of this machine's settings will hurt a server.",
  },
};

export function isVerb(name: string | undefined): name is VerbName {
  return name !== undefined && Object.hasOwn(verbs, name);
}
