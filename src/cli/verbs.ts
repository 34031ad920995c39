/**
 * The commands beside running an entry: what the first argument that is no option can be. Each is loaded when it is used,
 * and takes what follows its name.
 */

/** @returns the exit code; what is thrown as a PreforkError is printed and decides it, too. */
export type Verb = (argv: readonly string[]) => Promise<number>;

export interface VerbRow {
  /** As the help shows it. */
  readonly usage: string;
  /** Without a full stop, for the table of commands. */
  readonly about: string;
  readonly load: () => Promise<Verb>;
}

export const verbs: Readonly<Record<string, VerbRow>> = {
  status: {
    usage: 'status [--json]',
    about: 'Show the workers of a server, and how they are.',
    load: async () => (await import('./commands/status.ts')).status,
  },
  top: {
    usage: 'top [--json]',
    about: 'Show the workers of a server live.',
    load: async () => (await import('./commands/top.ts')).top,
  },
  dashboard: {
    usage: 'dashboard [--no-open]',
    about: 'Show a server live in a browser, until Ctrl-C.',
    load: async () => (await import('./commands/dashboard.ts')).dashboard,
  },
  reload: {
    usage: 'reload',
    about: 'Replace the workers one by one; returns when the new ones serve, or failed.',
    load: async () => (await import('./commands/reload.ts')).reload,
  },
  scale: {
    usage: 'scale <n|+n|-n>',
    about: 'Run so many workers, or so many more or fewer.',
    load: async () => (await import('./commands/scale.ts')).scale,
  },
  stop: {
    usage: 'stop [--now]',
    about: 'Stop a server, finishing what is in flight; returns when it is gone.',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  upgrade: {
    usage: 'upgrade',
    about: 'Replace the primary itself, for a new prefork or node.',
    load: async () => (await import('./commands/upgrade.ts')).upgrade,
  },
  profile: {
    usage: 'profile <slot>',
    about: 'Record where a worker spends its time, as a .cpuprofile.',
    load: async () => (await import('./commands/profile.ts')).profile,
  },
  heap: {
    usage: 'heap <slot>',
    about: "Write a worker's heap down, as a .heapsnapshot.",
    load: async () => (await import('./commands/heap.ts')).heap,
  },
  stack: {
    usage: 'stack <slot>',
    about: 'Print where a busy worker is now.',
    load: async () => (await import('./commands/stack.ts')).stack,
  },
  inspect: {
    usage: 'inspect <slot>',
    about: "Open a worker's inspector on the loopback, until Ctrl-C.",
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  doctor: {
    usage: 'doctor [--json]',
    about: "Tell what in this machine's settings will hurt a server.",
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
};

/** The verb of this name, if there is one. */
export function verbOf(name: string | undefined): VerbRow | undefined {
  return name !== undefined && Object.hasOwn(verbs, name) ? verbs[name] : undefined;
}
