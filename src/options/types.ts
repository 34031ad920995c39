import type { ChildProcess } from 'node:child_process';
import type { Balance, Migrate, Network, Sharing } from '../contract/modes.ts';

/** A length of time: milliseconds as a whole number, or a whole number with its unit as text. */
export type Time = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

/** An amount of memory: bytes as a whole number, or a whole number with its unit as text. A kb is 1024 bytes. */
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

/**
 * What the library and the config file take, and the command as flags. Every option also has a variable: `workers` is
 * `PREFORK_WORKERS`, `readyTimeout` is `PREFORK_READY_TIMEOUT`.
 *
 * @example
 * const options: Options = { workers: 4, shutdownGracePeriod: '30s' };
 */
export interface Options {
  /**
   * How many workers to run, 1 to 1024. `'auto'` is one for each core that this process may use: its CPU affinity, but
   * no more than the CPU quota of its cgroup, rounded up.
   *
   * @default 'auto'
   * @example workers: 4
   */
  workers?: number | 'auto' | undefined;
  /**
   * What this server is called: 1 to 64 letters, digits, `.`, `_` or `-`, the first of them no `.` or `-`.
   *
   * @default the entry's file name without its extension; for `index` the name of its directory
   * @example name: 'api'
   */
  name?: string | undefined;
  /**
   * How workers share an address. `'reuseport'`: each slot has its own socket and the kernel spreads connections over
   * them. `'shared'`: all accept from one socket. `'round-robin'`: the primary accepts, as in node:cluster. `'auto'`:
   * the first of these that this platform and this Node can do.
   *
   * @default 'auto'
   * @example sharing: 'shared'
   */
  sharing?: 'auto' | Sharing | undefined;
  /**
   * Which worker serves a connection. `kernel`: the one that accepts it, which the kernel chooses by a hash, even on
   * average only. `least-connections`: all have equally many, give or take one, however long connections last; one that a
   * worker has too many is handed to another, before anything is read from it, and clients whose requests compute are
   * served in turn. `sticky-ip`: all connections of a client's address (of its /64 network, IPv6) go to one slot for as long
   * as that lives, as Socket.IO's polling needs it. Both need `sharing` `reuseport` or `shared`. `auto` is `kernel`.
   *
   * @default 'auto'
   * @example balance: 'sticky-ip'
   */
  balance?: Balance | undefined;
  /**
   * `on`: when a worker leaves that has a successor (reload, recycling, fewer workers), its plain HTTP/1 connections are given
   * to that between two requests, and their clients notice nothing. `off`: each client is told `Connection: close` with its next
   * response, or closed when it has been idle. TLS, HTTP/2 and upgraded connections, servers of `node:net`, and connections that
   * the application pins (`worker.pin`) do not move, nor does any with `sharing: 'round-robin'`. `every-answer`: as `on`, and
   * each connection that can move does after every answer, whatever for. That is for tests, which find with it what an application
   * keeps by connection.
   *
   * @default 'on'
   * @example migrate: 'off'
   */
  migrate?: Migrate | undefined;
  /**
   * How many workers, 0 to 1024, are booted beyond those that serve, up to their `listen`, and wait: when a worker ends
   * unasked, one takes its place in the time of a message instead of a boot. Each costs the memory of an idle worker.
   *
   * @default 0
   * @example spares: 1
   */
  spares?: number | undefined;
  /**
   * What a worker is ready by, which is to say that it may receive traffic and take the place of another one. `listen`: it
   * listens at every address that the worker before it served; the first worker of a slot, at its first. `message`:
   * `process.send('ready')`, or `worker.ready()` of `prefork/worker`. `start`: that its code runs, for programs that listen
   * nowhere.
   *
   * @default 'listen'
   * @example ready: 'message'
   */
  ready?: 'listen' | 'message' | 'start' | undefined;
  /**
   * How long a worker may take from its start until it is {@link ready}. One that takes longer fails the start, or, once the
   * server runs, is killed and replaced. One that listens by then, but not at every address that the worker before it served,
   * is taken as it is: its code may have given the address up.
   *
   * @default '30s'
   * @example readyTimeout: '2m'
   */
  readyTimeout?: Time | undefined;
  /**
   * How long a new worker that is ready has to last before it is believed: until then the start is not over, and the worker
   * that it is to replace goes on. At most 60 s; it doubles where workers of the same code died in the slot, up to 10 s. Workers
   * settle side by side, so a reload takes that much longer in all, not for each.
   *
   * @default '500ms'
   * @example settle: '2s'
   */
  settle?: Time | undefined;
  /**
   * How many new workers a reload boots beside the old ones at once, 1 to 1024. More is faster, and for that long takes
   * the memory of as many workers more.
   *
   * @default 1
   * @example maxSurge: 2
   */
  maxSurge?: number | undefined;
  /**
   * How long a worker that was replaced, by a reload or because it reached a limit, may take to finish what it is doing.
   * Then it gets SIGTERM, and after the shutdown grace period SIGKILL.
   *
   * @default '30s'
   * @example drainTimeout: '5m'
   */
  drainTimeout?: Time | undefined;
  /**
   * How long a server that was asked to stop goes on accepting connections while it already says that it is not ready:
   * at least as long as load balancers take to see that and send their connections elsewhere.
   *
   * @default 0
   * @example drainDelay: '5s'
   */
  drainDelay?: Time | undefined;
  /**
   * How long workers may take to finish what they are doing when the server stops. Then they are killed.
   *
   * @default '10s'
   * @example shutdownGracePeriod: 30_000
   */
  shutdownGracePeriod?: Time | undefined;
  /**
   * `on`: a worker that is killed because its event loop stood still has its stack in the log. A thread in each worker takes it,
   * by which nothing is opened that another user could use; it costs 7 to 11 MB a worker.
   * Without it `prefork stack` says where a worker hangs, for as long as it is not killed.
   *
   * @default 'off'
   * @example hangStack: 'on'
   */
  hangStack?: 'off' | 'on' | undefined;
  /**
   * How long the event loop of a worker may stand still, at least 1s. Then the worker is killed and replaced. 0 never
   * kills one.
   *
   * @default '30s'
   * @example heartbeatTimeout: '2m'
   */
  heartbeatTimeout?: Time | undefined;
  /**
   * How many workers may end unasked within {@link recoverWindow} and be replaced; with one more, prefork stops with
   * `ERR_OVER_RECOVERY`. 0 never gives up. `'auto'` gives up when at least ten workers have crashed, and none of any slot has
   * served for 10 s, over a whole {@link recoverWindow}: each of them loaded the code anew, so that no reload would mend it.
   *
   * @default 'auto'
   * @example recoverThreshold: 10
   */
  recoverThreshold?: number | 'auto' | undefined;
  /**
   * How long an exit counts towards {@link recoverThreshold}.
   *
   * @default '60s'
   * @example recoverWindow: '5m'
   */
  recoverWindow?: Time | undefined;
  /**
   * How long a slot whose worker crashed twice in a row waits for the next one. It doubles with each further crash, up
   * to 30s. 0 does not wait at all.
   *
   * @default '100ms'
   * @example recoverInterval: '1s'
   */
  recoverInterval?: Time | undefined;
  /**
   * After how many requests a worker is replaced, or up to a tenth fewer, lest all are at once. 0 has no limit.
   *
   * @default 0
   * @example maxRequests: 100_000
   */
  maxRequests?: number | undefined;
  /**
   * Above how much memory, its resident set, or up to a tenth below, a worker is replaced: 0, which has no limit, or at least 32mb. Where
   * workers of that size would not fit in the memory limit of the cgroup, the limit is lowered to what does.
   *
   * @default 0
   * @example maxMemory: '512mb'
   */
  maxMemory?: Size | undefined;
  /**
   * At what age a worker is replaced, or up to a tenth sooner, lest all are at once. 0 has no limit.
   *
   * @default 0
   * @example maxLifetime: '12h'
   */
  maxLifetime?: Time | undefined;
  /**
   * Where metrics, health and status are served over TCP: a port, or a host and a port; the host is the loopback interface
   * unless another is given. What changes anything there needs the token, which is in the log at the start, in
   * `adminTokenFile` or `PREFORK_ADMIN_TOKEN`. See docs/control.md for what it trusts.
   *
   * @default nowhere
   * @example admin: '9090'
   */
  admin?: string | undefined;
  /**
   * The file that has the token of `admin`, 16 characters or more. It is read at the start, before root's rights are given up
   * (`user`), so that workers need not be able to read it; a credential of systemd's is such a file (`%d/token`).
   *
   * @default `PREFORK_ADMIN_TOKEN`, or else a new token, which is in the log
   * @example adminTokenFile: '/etc/prefork/token'
   */
  adminTokenFile?: string | undefined;
  /**
   * The user, by name or id, that the server runs as. It has to be started by root then, and the primary becomes that user for
   * good before it loads a config file or starts a worker; a small process that stays root binds ports below 1024.
   *
   * @default the user that started it
   * @example user: 'www-data'
   */
  user?: string | number | undefined;
  /**
   * The group, by name or id, that the server runs as, its only one; it has to be started by root then.
   *
   * @default the group of {@link user}
   * @example group: 'www-data'
   */
  group?: string | number | undefined;
  /**
   * With {@link user}, the ports below 1024 that the server may bind.
   *
   * @default those that it listens on when it is ready for the first time
   * @example bind: [80, 443]
   */
  bind?: readonly number[] | undefined;
  /**
   * `'text'` for people, one line an event with `key=value` fields; `'json'` for machines, one object a line.
   *
   * @default 'text'
   * @example logFormat: 'json'
   */
  logFormat?: 'text' | 'json' | undefined;
  /**
   * The least severe events that are logged. `'silent'` logs none.
   *
   * @default 'info'
   * @example logLevel: 'warn'
   */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined;
  /**
   * Whether each line that a worker writes to stdout or stderr gets its slot before it, `[0] `, and is written whole, so that
   * lines of two workers never mix. The workers then write to pipes that the primary reads, instead of to its own output.
   *
   * @default false
   * @example prefixOutput: true
   */
  prefixOutput?: boolean | undefined;
}

/** What only code can give: functions, and how the library itself listens. */
export interface LibraryOptions {
  /**
   * Which address families an address without a host, such as `':8080'`, is bound to: `'tcp'` both where the machine
   * has both, `'tcp4'` and `'tcp6'` that one alone.
   *
   * @default 'tcp'
   * @example network: 'tcp4'
   */
  network?: Network | undefined;
  /**
   * How many connections the kernel queues for each socket until a worker accepts them. Linux cuts it to
   * `net.core.somaxconn`.
   *
   * @default Node's own, 511
   * @example backlog: 4096
   */
  backlog?: number | undefined;
  /**
   * Where log lines go instead of stderr, each already formatted and without its line end. `console` and pino fit.
   *
   * @example logger: pino()
   */
  logger?: Logger | undefined;
  /**
   * Runs in the primary each time a worker's process was started. Throwing stops everything with `ERR_HOOK_FAILED`.
   *
   * @param pid the worker's.
   * @example onWorkerSpawn: (pid) => console.log('worker', pid)
   */
  onWorkerSpawn?: ((pid: number) => void | Promise<void>) | undefined;
  /**
   * Runs in the primary once, when all workers are ready for the first time. Throwing stops everything with
   * `ERR_HOOK_FAILED`.
   *
   * @param pids the workers', in the order of their slots.
   * @example onPrimaryReady: async (pids) => register(pids)
   */
  onPrimaryReady?: ((pids: readonly number[]) => void | Promise<void>) | undefined;
  /**
   * Runs in the primary when a worker that replaces one which ended unasked is ready. A notification: what it throws is
   * logged.
   *
   * @example onWorkerRecover: (oldPid, newPid) => metrics.increment('recovered')
   */
  onWorkerRecover?: ((oldPid: number, newPid: number) => void | Promise<void>) | undefined;
  /**
   * Runs in each worker when the primary is gone unexpectedly, before the worker drains and ends.
   *
   * @example onPrimaryDeath: () => database.close()
   */
  onPrimaryDeath?: (() => void | Promise<void>) | undefined;
  /**
   * Makes a worker's process: to start it with another node, or under a tracer. It must run `entry` with all of `execArgv` and
   * `env`, and have an IPC channel. Not awaited. To run workers as another user, give {@link user} instead: a primary that is
   * root and has workers of another user's does for them what they ask for.
   *
   * @example
   * spawnWorker: ({ entry, args, execArgv, env }) => fork(entry, args, { execArgv, env, execPath: '/opt/node/bin/node' })
   */
  spawnWorker?: ((context: SpawnContext) => ChildProcess) | undefined;
}

/** Where log lines go, by their severity. */
export interface Logger {
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** What a worker's process needs in order to be one. */
export interface SpawnContext {
  /** The absolute path of the program. */
  readonly entry: string;
  /** The program's own arguments. */
  readonly args: readonly string[];
  /** Flags for node, prefork's preload among them. */
  readonly execArgv: readonly string[];
  /** The whole environment, not additions to it. */
  readonly env: NodeJS.ProcessEnv;
  /** The slot that the worker fills, 0 to workers - 1. */
  readonly slot: number;
  /** Counts reloads, from 1. */
  readonly generation: number;
}

/**
 * What a config file exports, or a function in it returns. `network` and `backlog` belong to the library's own listen;
 * `onPrimaryDeath` runs in workers, which never load this file (there, `worker.onPrimaryDeath` of `prefork/worker`).
 *
 * @example
 * // prefork.config.ts
 * import type { Config } from 'prefork';
 * export default { entry: 'server.js', workers: 4 } satisfies Config;
 */
export interface Config extends Options, Omit<LibraryOptions, 'network' | 'backlog' | 'onPrimaryDeath'> {
  /** What is run when the command names no entry; a relative path starts from the working directory. */
  entry?: string | undefined;
  /** The arguments of {@link Config.entry}; not used when the command names one. */
  args?: readonly string[] | undefined;
}

/** Options with every value in force, checked: text is read, `auto` is counted, times are milliseconds. */
export interface Settings {
  readonly workers: number;
  readonly name: string;
  /** Whether anybody chose the name, or it comes from the entry. */
  readonly isNameGiven: boolean;
  readonly sharing: 'auto' | Sharing;
  readonly balance: Balance;
  readonly migrate: Migrate;
  readonly hangStack: 'off' | 'on';
  readonly spares: number;
  readonly ready: 'listen' | 'message' | 'start';
  /** ms, at least 1. */
  readonly readyTimeout: number;
  /** ms. */
  readonly settle: number;
  /** At least 1. */
  readonly maxSurge: number;
  /** ms. */
  readonly drainTimeout: number;
  /** ms. */
  readonly drainDelay: number;
  /** ms. */
  readonly shutdownGracePeriod: number;
  /** ms, 0 or at least 1000. 0 is off. */
  readonly heartbeatTimeout: number;
  /** 0 never gives up. */
  readonly recoverThreshold: number | 'auto';
  /** ms, at least 1. */
  readonly recoverWindow: number;
  /** ms. */
  readonly recoverInterval: number;
  /** 0 is off. */
  readonly maxRequests: number;
  /** Bytes. 0 is off. */
  readonly maxMemory: number;
  /** ms. 0 is off. */
  readonly maxLifetime: number;
  /** A name, or an id as a number. */
  readonly user: string | number | undefined;
  /** A name, or an id as a number. */
  readonly group: string | number | undefined;
  /** Undefined: those of the first start. */
  readonly bind: readonly number[] | undefined;
  readonly logFormat: 'text' | 'json';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** A port, or a host and a port. */
  readonly admin: string | undefined;
  readonly adminTokenFile: string | undefined;
  readonly prefixOutput: boolean;
}
