/** The commands beside running an entry: what the first argument that is no option can be. What they do is in run-verb.ts. */

export type VerbName =
  | 'status'
  | 'top'
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
  /** As the help shows it. */
  readonly usage: string;
  /** Without a full stop, for the table of commands. */
  readonly about: string;
}

export const verbs: Readonly<Record<VerbName, VerbRow>> = {
  status: {
    usage: 'status [--json]',
    about: 'Show the workers of a server, and how they are.',
  },
  top: {
    usage: 'top [--json]',
    about: 'Show the workers of a server live.',
  },
  reload: {
    usage: 'reload',
    about: 'Replace the workers one by one; returns when the new ones serve, or failed.',
  },
  scale: {
    usage: 'scale <n|+n|-n>',
    about: 'Run so many workers, or so many more or fewer.',
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
    about: "Write a worker's heap down, as a .heapsnapshot.",
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
    about: "Tell what in this machine's settings will hurt a server.",
  },
};

export function isVerb(name: string | undefined): name is VerbName {
  return name !== undefined && Object.hasOwn(verbs, name);
}
