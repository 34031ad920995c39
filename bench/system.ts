/** A system under test: a way to run a server. Each has a file in systems/. */

/** The applications in apps/, and what each system serves of them in its own form. */
export type App = 'hello' | 'timer' | 'compute' | 'varied' | 'json' | 'post' | 'tls' | 'whoami';

/** The applications that only make sense on Node: the same work takes another time elsewhere, or it tells a thread. */
export const NODE_APPS: readonly App[] = ['hello', 'timer', 'compute', 'varied', 'json', 'post', 'tls', 'whoami'];

/** What a system is asked to serve, and where. */
export interface Setting {
  readonly app: App;
  /** The application's file for Node, absolute. */
  readonly entry: string;
  readonly port: number;
  readonly workers: number;
  /** A directory for this run alone, removed after it. */
  readonly directory: string;
  /** The Node that every Node system runs on, absolute. */
  readonly node: string;
  /** What the application reads: PORT, the certificate, the calibration of work(). Includes PATH with `node` first. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

/** A system that has been started. */
export interface Running {
  readonly setting: Setting;
  /** The supervising process; that which was spawned, unless the system says otherwise. */
  readonly supervisor: number;
  /** All that has come on stdout and stderr so far. */
  readonly log: () => string;
  /** Runs a command of the system beside it, with the same environment. Rejects when it fails or takes over 60 s. */
  readonly run: (command: Command) => Promise<string>;
}

export interface System {
  /** As `--against` takes it. */
  readonly name: string;
  /** As the tables show it. */
  readonly title: string;
  /** How the work gets to the workers, in a few words. */
  readonly how: string;
  readonly apps: readonly App[];
  /** Why it cannot run on this machine, or undefined when it can. */
  unavailable(): Promise<string | undefined>;
  version(): Promise<string>;
  /** Writes what the command needs into the setting's directory. */
  prepare?(setting: Setting): Promise<void>;
  command(setting: Setting): Command;
  /** For a system whose command ends and leaves a daemon: finds that daemon's pid. */
  daemon?(setting: Setting): Promise<number>;
  /** What goes on beside it from its first answer on. Returned, when it has begun, is what ends that, and throws when it did not work. */
  beside?(running: Running): (() => void) | Promise<() => void>;
  /** About how long starting and stopping take, seconds, when that is much longer than with the others. */
  readonly startSeconds?: number;
  /** Ends the daemon; all others get SIGTERM. */
  stop?(running: Running): Promise<void>;
  /** Replaces the workers, and settles when that is done. */
  reload?(running: Running): Promise<void>;
  /** Why it cannot reload, in a word; undefined when it can. */
  noReload(): Promise<string | undefined>;
  /** The pids that `kill -9` may hit. Absent: `noKill` says why in a word. */
  workers?(running: Running): number[];
  readonly noKill?: string;
}
