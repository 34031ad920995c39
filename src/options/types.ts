import type { ChildProcess } from 'node:child_process';
import type { CanaryLimits, CanaryShare, OnDoubt } from '../contract/canary.ts';
import type { Range } from './values/range.ts';
import type { Balance, Migrate, Network, Sharing } from '../contract/modes.ts';

/** A length of time: a whole number of milliseconds, or text with a whole number and its unit. */
export type Time = number | `${number}${'ms' | 's' | 'm' | 'h'}`;

/** A percentage: text with a number and `%`. */
export type Percent = `${number}%`;

/** An amount of memory: a whole number of bytes, or text with a whole number and its unit. A kb is 1024 bytes. */
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb'}`;

/**
 * The options of the library and the config file. The command takes them as flags. Every option also has a variable:
 * `workers` is `PREFORK_WORKERS`, `readyTimeout` is `PREFORK_READY_TIMEOUT`.
 *
 * @example
 * const options: Options = { workers: 4, shutdownGracePeriod: '30s' };
 */
export interface Options {
  /**
   * How many workers run, 1 to 1024. `'auto'` runs one for each core that this process may use: those of its CPU
   * affinity, limited by the CPU quota of its cgroup, rounded up. A range such as `'2..8'` or `'1..auto'` runs as many as the
   * load needs, within the memory of the cgroup, and starts with one for each core or the nearest number in the range.
   * docs/autoscaling.md has the rule.
   *
   * @default 'auto'
   * @example workers: 4
   */
  workers?: number | 'auto' | `${number | 'auto'}..${number | 'auto'}` | undefined;
  /**
   * The name of this server: 1 to 64 letters, digits, `.`, `_` or `-`. The first character may not be `.` or `-`.
   *
   * @default the entry's file name without its extension; for `index` the name of its directory
   * @example name: 'api'
   */
  name?: string | undefined;
  /**
   * The working directory of the workers, and the place from which a relative entry, config file and {@link envFile}
   * start. A symbolic link on the way to it is followed anew at each reload, so that it may lead to another release then.
   *
   * @default the directory in which prefork was started, by the name that `$PWD` has for it
   * @example cwd: '/srv/shop/current'
   */
  cwd?: string | undefined;
  /**
   * Files with variables for the workers, in the format of `node --env-file`. They are read again at each reload. Later
   * files win over earlier ones, and the environment of prefork wins over files, as with node. The primary's own
   * environment does not change.
   *
   * @default none
   * @example envFile: ['.env', '.env.production']
   */
  envFile?: string | readonly string[] | undefined;
  /**
   * Flags of node's for the workers. A flag's value may follow as an entry of its own. The primary runs without them.
   *
   * @default none
   * @example nodeArgs: ['--import', 'tsx', '--enable-source-maps']
   */
  nodeArgs?: readonly string[] | undefined;
  /**
   * A file with the application's half of libraries that expect node:cluster's primary, such as log4js. It runs in a process of its
   * own, with `cluster.isPrimary`, `cluster.workers` and `cluster.on('message')`, and hears what workers send by `process.send()`.
   * It is started anew when it ends, replaced after each reload, and ends last.
   *
   * @default none: what workers send is dropped, and the log says so
   * @example primary: './primary.mjs'
   */
  primary?: string | undefined;
  /**
   * The name of the variable that tells a worker its slot, beside `PREFORK_SLOT`. `'none'` sets no such variable.
   * The package `config` (node-config) reads `NODE_APP_INSTANCE`, and looks for a file of that instance.
   *
   * @default 'NODE_APP_INSTANCE'
   * @example instanceVariable: 'none'
   */
  instanceVariable?: string | undefined;
  /**
   * The signal that a worker gets when it is to end, after its connections have ended. Applications with a handler for
   * SIGINT alone need it.
   *
   * @default 'SIGTERM'
   * @example stopSignal: 'SIGINT'
   */
  stopSignal?: StopSignal | undefined;
  /**
   * How workers share an address. `'reuseport'`: each slot has its own socket and the kernel spreads connections over
   * them. `'shared'`: all accept from one socket. `'round-robin'`: the primary accepts, as in node:cluster. `'auto'`:
   * the first of these that this platform and this Node support.
   *
   * @default 'auto'
   * @example sharing: 'shared'
   */
  sharing?: 'auto' | Sharing | undefined;
  /**
   * Which worker serves a connection. All modes but `kernel` need `sharing` to be `reuseport` or `shared`.
   *
   * - `kernel`: the worker that accepts the connection. The kernel chooses it by a hash, which is even only on
   *   average.
   * - `least-connections`: all workers have equally many connections, give or take one, however long connections
   *   last. A worker that has too many hands a new connection to another one before it reads from it, even one that
   *   cannot move later: TLS, HTTP/2, WebSockets. Otherwise it does what `auto` does.
   * - `sticky-ip`: all connections of a client's address (of its /64 network, in IPv6) go to one slot for as long as
   *   that slot lives. Socket.IO's polling needs this.
   * - `auto`: the worker that accepts the connection. Plain HTTP/1 connections then move between two requests, four
   *   times a second, so that all workers have equally many, and a worker that stays busier than the others gives some
   *   away. Clients whose requests compute are served in turn. Without a scoreboard, with more than 128 workers, and
   *   with `migrate: 'off'` it is the same as `kernel`.
   *
   * @default 'auto'
   * @example balance: 'sticky-ip'
   */
  balance?: Balance | undefined;
  /**
   * What becomes of the plain HTTP/1 connections of a worker that leaves and has a successor (reload, recycling, fewer
   * workers, upgrade), and of those that a worker has more than its share of. `on`: they move to the
   * successor between two requests, and their clients notice nothing. `off`: each client
   * gets `Connection: close` with its next response, or is closed once it is idle. TLS, HTTP/2 and upgraded connections
   * never move. Servers of `node:net`, and connections that the application pins (`worker.pin`), do not move either. With
   * `sharing: 'round-robin'` no connection moves. `every-answer` is `on`, and
   * each connection that can move also does after every answer. It is for tests, which find with it what an application keeps by
   * connection.
   *
   * @default 'on'
   * @example migrate: 'off'
   */
  migrate?: Migrate | undefined;
  /**
   * The proxies in front of the server that send PROXY protocol, version 1 or 2: addresses, networks (`'10.0.0.0/8'`), and `'unix'` for
   * those that connect to a Unix socket. Each of their connections has to begin with its header. It is read before the
   * application sees the connection, whose `remoteAddress`, `remotePort` and `remoteFamily` are the client's then. A connection
   * whose header is bad, or has not come within 5 s, is closed and counted. From other addresses no header is read, and their
   * connections have their own address.
   *
   * @default none
   * @example proxyProtocol: ['10.0.0.0/8', 'unix']
   */
  proxyProtocol?: string | readonly string[] | undefined;
  /**
   * How many workers, 0 to 1024, are booted beyond those that serve. A spare boots up to its `listen` and waits there.
   * When a worker ends unasked, a spare takes its place in the time of a message instead of a boot. Each spare costs the
   * memory of an idle worker.
   *
   * @default 0
   * @example spares: 1
   */
  spares?: number | undefined;
  /**
   * When a worker is ready. A worker that is ready may receive traffic and take the place of another one.
   *
   * - `listen`: the worker listens at every address that the worker before it served. The first worker of a slot is
   *   ready when it listens at its first address.
   * - `message`: the worker calls `process.send('ready')`, or `worker.ready()` of `prefork/worker`.
   * - `start`: the worker's code runs. This is for programs that listen nowhere.
   *
   * @default 'listen'
   * @example ready: 'message'
   */
  ready?: 'listen' | 'message' | 'start' | undefined;
  /**
   * The least share of the workers, `'0%'` to `'100%'`, that has to serve for `/readyz` and {@link healthPath} to say that the
   * server is ready. With `'0%'` one worker is enough.
   *
   * @default '0%'
   * @example readyShare: '50%'
   */
  readyShare?: Percent | undefined;
  /**
   * The path at which the application's own port answers whether the server is ready, as `/readyz` does: 200, or 503 with the reason.
   * The application does not see these requests. Servers of `node:http`, `node:https`, `node:http2` and `prefork/http` have it.
   *
   * @default none
   * @example healthPath: '/healthz'
   */
  healthPath?: string | undefined;
  /**
   * How long a worker may take from its start until it is {@link ready}. A worker that takes longer fails the start;
   * once the server runs, it is killed and replaced. A worker that listens by then, but not at every address that the
   * worker before it served, is accepted as it is, because its code may have given the address up.
   *
   * @default '30s'
   * @example readyTimeout: '2m'
   */
  readyTimeout?: Time | undefined;
  /**
   * How long a new worker that is ready has to survive before prefork relies on it, at most 60 s. Until then the start
   * is not over, and the worker that it replaces carries on. The time doubles where workers of the same code died in
   * the slot, up to 10 s. Workers settle side by side, so a reload takes that much longer as a whole, not for each
   * worker.
   *
   * @default '500ms'
   * @example settle: '2s'
   */
  settle?: Time | undefined;
  /**
   * How many workers boot at a time at the start, and when the number of workers grows, 1 to 1024. A boot keeps a core
   * busy, so more of them at a time than there are cores make the first worker late and the last hardly sooner. A worker that
   * waits while it boots, for a database for example, does not count. `'auto'`: the cores that this process may use.
   *
   * @default 'auto'
   * @example maxBoots: 8
   */
  maxBoots?: number | 'auto' | undefined;
  /**
   * How many new workers a reload boots at a time beside the old ones, 1 to 1024. A larger number is faster, and needs
   * the memory of that many more workers meanwhile.
   *
   * @default 1
   * @example maxSurge: 2
   */
  maxSurge?: number | undefined;
  /**
   * How long after a reload the workers of the generation before it stay parked, at most 24 h: booted and alive, without
   * connections. `prefork rollback` returns to them without a boot, whatever is on the disk by then. When workers of the new
   * generation crash three times within {@link recoverWindow}, prefork rolls back by itself. It costs the memory of as many
   * workers, and is given up when the memory of the cgroup gets tight. 0: they finish and leave at once.
   *
   * @default 0
   * @example keepPrevious: '10m'
   */
  keepPrevious?: Time | undefined;
  /**
   * How many workers, or what share of them, each reload replaces first: the canary. The workers that they replace are
   * parked. Both generations serve side by side for {@link canaryWatch}, and are compared. If the new one is worse, the parked
   * workers take their slots back, and the reload fails. `prefork reload --canary` does it for one reload. A canary needs
   * two workers or more. With one, a reload goes on without a canary and logs a warning, but `prefork reload --canary` is refused.
   * `0`: no canary.
   *
   * @default 0
   * @example canary: '25%'
   */
  canary?: CanaryShare | undefined;
  /**
   * How long a canary is watched, 1 s to 24 h. A canary that is worse is noticed sooner.
   *
   * @default '1m'
   * @example canaryWatch: '10m'
   */
  canaryWatch?: Time | undefined;
  /**
   * What becomes of a canary when there was too little traffic to tell.
   *
   * @default 'rollback'
   * @example onDoubt: 'continue'
   */
  onDoubt?: OnDoubt | undefined;
  /**
   * The share of requests, 0.01% to 100%, that may fail with 5xx in the workers of a canary. It comes in addition to the share that fails in the
   * workers of the old generation at the same time. docs/canary.md has the rules by which a canary is judged.
   *
   * @default '0.5%'
   * @example canaryErrors: '0.1%'
   */
  canaryErrors?: Percent | undefined;
  /**
   * The percentage, 1% to 1000%, by which the median and the 99th percentile of the time of answers may be higher in a canary. A
   * difference of less than 2 ms of the median and 10 ms of the 99th percentile never counts.
   *
   * @default '30%'
   * @example canaryLatency: '25%'
   */
  canaryLatency?: Percent | undefined;
  /**
   * The percentage, 1% to 1000%, by which the event loops of a canary may be busier when they serve as many requests, or later. A
   * difference of less than 15 % of the time, or 50 ms, never counts.
   *
   * @default '50%'
   * @example canaryLoop: '100%'
   */
  canaryLoop?: Percent | undefined;
  /**
   * The percentage, 1% to 1000%, by which the workers of a canary may have more memory than the largest worker of the old generation. A
   * difference of less than 48 MB never counts.
   *
   * @default '50%'
   * @example canaryMemory: '20%'
   */
  canaryMemory?: Percent | undefined;
  /**
   * How long a new worker may warm up after it begins to serve, at most 10 min and never more than a quarter of the watch. Until
   * then its response times, event loop, memory and {@link canaryMetrics} are ignored. Crashes, hangs and failures count from the
   * beginning.
   *
   * @default '5s'
   * @example canaryWarmup: '30s'
   */
  canaryWarmup?: Time | undefined;
  /**
   * How many requests each generation has to answer during the watch of a canary, 20 to 1,000,000. With fewer of them there is too little
   * traffic to tell.
   *
   * @default 100
   * @example canaryRequests: 1000
   */
  canaryRequests?: number | undefined;
  /**
   * Metrics of the application's own registry that a canary is judged by, at most 16: `name:higher:50%` where more is worse and up to half as much more is
   * allowed, or `name:lower:10%`. Counters are compared by answered request, histograms by their mean, gauges as they are.
   *
   * @default none
   * @example canaryMetrics: ['orders_failed_total:higher:50%']
   */
  canaryMetrics?: readonly string[] | undefined;
  /**
   * How long a worker that was replaced, by a reload or because it reached a limit, may take to finish its work. Then
   * it gets SIGTERM, and SIGKILL after the shutdown grace period.
   *
   * @default '30s'
   * @example drainTimeout: '5m'
   */
  drainTimeout?: Time | undefined;
  /**
   * How long a server that was asked to stop still accepts connections while it already reports that it is not ready.
   * Choose at least the time that load balancers need to see that and send their connections elsewhere.
   *
   * @default 0
   * @example drainDelay: '5s'
   */
  drainDelay?: Time | undefined;
  /**
   * How long workers may take to finish their work when the server stops. Then they are killed.
   *
   * @default '10s'
   * @example shutdownGracePeriod: 30_000
   */
  shutdownGracePeriod?: Time | undefined;
  /**
   * With `on`, prefork logs the stack of a worker that it kills because its event loop stood still. A thread in each
   * worker takes the stack, and it opens nothing that another user could use. The thread costs 7 to 11 MB a worker.
   * Without it `prefork stack` shows where a worker hangs, as long as the worker is not killed.
   *
   * @default 'off'
   * @example hangStack: 'on'
   */
  hangStack?: 'off' | 'on' | undefined;
  /**
   * How long the event loop of a worker may stand still, at least 1s. Then the worker is killed and replaced. 0 never
   * kills a worker.
   *
   * @default '30s'
   * @example heartbeatTimeout: '2m'
   */
  heartbeatTimeout?: Time | undefined;
  /**
   * How many workers may end unasked within {@link recoverWindow} and be replaced. With one more, prefork stops with
   * `ERR_OVER_RECOVERY`. 0 never gives up. `'auto'` gives up when at least ten workers have crashed over a whole {@link
   * recoverWindow} and no worker of any slot has served for 10 s. Each of them loaded the code anew, so a reload would
   * not help.
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
   * How long a slot whose worker crashed twice in a row waits for the next one. The time doubles with each further
   * crash, up to 30s. 0 does not wait at all.
   *
   * @default '100ms'
   * @example recoverInterval: '1s'
   */
  recoverInterval?: Time | undefined;
  /**
   * How many requests a worker serves before it is replaced, or up to a tenth fewer, so that not all are replaced at
   * once. 0 sets no limit.
   *
   * @default 0
   * @example maxRequests: 100_000
   */
  maxRequests?: number | undefined;
  /**
   * How much memory (resident set) a worker may have before it is replaced, or up to a tenth less. The limit is at
   * least 32mb, or 0 for none. prefork lowers it where workers of that size would not fit into the memory limit of the
   * cgroup.
   *
   * @default 0
   * @example maxMemory: '512mb'
   */
  maxMemory?: Size | undefined;
  /**
   * The age at which a worker is replaced, or up to a tenth sooner, so that not all are replaced at once. 0 sets no
   * limit.
   *
   * @default 0
   * @example maxLifetime: '12h'
   */
  maxLifetime?: Time | undefined;
  /**
   * Where metrics, health and status are served over TCP: a port, or a host and a port. The host is the loopback
   * interface unless another is given. Requests that change something need the token, which is in the log at the start,
   * in `adminTokenFile` or in `PREFORK_ADMIN_TOKEN`. docs/control.md tells what the address trusts.
   *
   * @default nowhere
   * @example admin: '9090'
   */
  admin?: string | undefined;
  /**
   * Host names under which clients may reach {@link admin}, such as `metrics.example.com`, or `*.example.org` for all names below
   * `example.org`. Addresses, `localhost`, names below `localhost`, `internal` and `home.arpa`, the name of the machine and the
   * host of `admin` are always accepted. Any other name could belong to an attacker who makes it lead to this host, and has a browser
   * open a page under it (DNS rebinding).
   *
   * @default none
   * @example adminHost: ['metrics.example.com', '*.internal.example']
   */
  adminHost?: string | readonly string[] | undefined;
  /**
   * The file that holds the token of `admin`, 16 characters or more. The primary reads it at the start, before it gives
   * up root's rights (`user`), so that workers need not be able to read it. A systemd credential is such a file
   * (`%d/token`).
   *
   * @default `PREFORK_ADMIN_TOKEN`, or else a new token, which is in the log
   * @example adminTokenFile: '/etc/prefork/token'
   */
  adminTokenFile?: string | undefined;
  /**
   * The version of the application, for the metric `prefork_application_info`: 1 to 64 characters without blanks. It is read anew at each
   * reload.
   *
   * @default the version of the package.json nearest to the entry
   * @example appVersion: '1.4.2'
   */
  appVersion?: string | undefined;
  /**
   * The user, by name or id, that the server runs as. Only root can start a server with it. The primary becomes that
   * user for good before it loads a config file or starts a worker. A small process that stays root binds ports below
   * 1024.
   *
   * @default the user that started it
   * @example user: 'www-data'
   */
  user?: string | number | undefined;
  /**
   * The only group, by name or id, that the server runs as. Only root can start a server with it.
   *
   * @default the group of {@link user}
   * @example group: 'www-data'
   */
  group?: string | number | undefined;
  /**
   * The ports below 1024 that the server may bind when {@link user} is given.
   *
   * @default those that it listens on when it is ready for the first time
   * @example bind: [80, 443]
   */
  bind?: readonly number[] | undefined;
  /**
   * The format of the log. `'text'` is for people, one line an event with `key=value` fields. `'json'` is for machines,
   * one object a line.
   *
   * @default 'text'
   * @example logFormat: 'json'
   */
  logFormat?: 'text' | 'json' | undefined;
  /**
   * The lowest severity that is logged. `'silent'` logs nothing.
   *
   * @default 'info'
   * @example logLevel: 'warn'
   */
  logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined;
  /**
   * Whether each line starts with the time (ISO 8601, UTC): those of the log as text, and those that workers write. The
   * workers then write to pipes that the primary reads, as with {@link prefixOutput}.
   *
   * @default false
   * @example logTime: true
   */
  logTime?: boolean | undefined;
  /**
   * The directory of Node's compile cache for the workers. A worker then reads what Node compiled of its modules instead of
   * compiling it, at some MB of memory. The first worker of each generation boots alone, so that the others find the cache
   * filled. The directory is created, and has to belong to the user of the workers; no other user may be able to write
   * there. Before Node 22.10 a warning is logged, and nothing else happens.
   *
   * @default none
   * @example compileCache: '/var/cache/app'
   */
  compileCache?: string | undefined;
  /**
   * Whether the server reloads when a file of code changes, for development. The primary watches the working directory
   * and that of the entry, without `node_modules` and directories that begin with a dot. Connections stay open. New
   * code that does not boot is told of in the terminal, and the old one serves on. One worker is then the default of
   * {@link workers}.
   *
   * @default false
   * @example watch: true
   */
  watch?: boolean | undefined;
  /**
   * Whether each line that a worker writes to stdout or stderr starts with its slot, such as `[0] `. Lines are then
   * written whole, so that lines of two workers never mix. The workers write to pipes that the primary reads, instead
   * of to its own output.
   *
   * @default false
   * @example prefixOutput: true
   */
  prefixOutput?: boolean | undefined;
}

/** The signals that can ask a worker to end. */
export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR2';

/** The options that only code can give: functions, and how the library itself listens. */
export interface LibraryOptions {
  /**
   * Which address families an address without a host, such as `':8080'`, is bound to. `'tcp'` binds both where the
   * machine has both, `'tcp4'` and `'tcp6'` bind only that one.
   *
   * @default 'tcp'
   * @example network: 'tcp4'
   */
  network?: Network | undefined;
  /**
   * How many connections the kernel queues for each socket until a worker accepts them. Linux limits it to
   * `net.core.somaxconn`.
   *
   * @default Node's own, 511
   * @example backlog: 4096
   */
  backlog?: number | undefined;
  /**
   * Where log lines go instead of stderr. Each line is already formatted and has no line end. `console` and pino fit.
   *
   * @example logger: pino()
   */
  logger?: Logger | undefined;
  /**
   * Variables for the workers. They win over those of the environment and of {@link Options.envFile}. Only the names are
   * logged when they change.
   *
   * @example env: { NODE_ENV: 'production' }
   */
  env?: Readonly<Record<string, string | number | boolean>> | undefined;
  /**
   * Runs in the primary each time that a worker's process was started. An error in it stops the server with
   * `ERR_HOOK_FAILED`.
   *
   * @param pid the worker's.
   * @example onWorkerSpawn: (pid) => console.log('worker', pid)
   */
  onWorkerSpawn?: ((pid: number) => void | Promise<void>) | undefined;
  /**
   * Runs once in the primary, when all workers are ready for the first time. An error in it stops the server with
   * `ERR_HOOK_FAILED`.
   *
   * @param pids the workers', in the order of their slots.
   * @example onPrimaryReady: async (pids) => register(pids)
   */
  onPrimaryReady?: ((pids: readonly number[]) => void | Promise<void>) | undefined;
  /**
   * Runs in the primary when a worker is ready that replaces one which ended unasked. An error in it is logged.
   *
   * @example onWorkerRecover: (oldPid, newPid) => metrics.increment('recovered')
   */
  onWorkerRecover?: ((oldPid: number, newPid: number) => void | Promise<void>) | undefined;
  /**
   * Runs in each worker when the primary ended unexpectedly, before the worker drains and ends.
   *
   * @example onPrimaryDeath: () => database.close()
   */
  onPrimaryDeath?: (() => void | Promise<void>) | undefined;
  /**
   * Makes a worker's process, for example with another node or under a tracer. The process must run `entry` with all of
   * `execArgv` and `env`, and have an IPC channel. prefork does not wait for a promise. To run workers as another user,
   * give {@link user} instead: a root primary with workers of another user would do for them as root what they ask for.
   *
   * @example
   * spawnWorker: ({ entry, args, execArgv, env }) => fork(entry, args, { execArgv, env, execPath: '/opt/node/bin/node' })
   */
  spawnWorker?: ((context: SpawnContext) => ChildProcess) | undefined;
}

/** Takes log lines, by their severity. */
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
  /** The working directory; undefined for the primary's own. */
  readonly cwd?: string | undefined;
  /** The whole environment, not additions to it. */
  readonly env: NodeJS.ProcessEnv;
  /** The slot that the worker fills, 0 to workers - 1; -1 for a spare, which has none yet. */
  readonly slot: number;
  /** The generation, which counts reloads from 1. */
  readonly generation: number;
}

/** An application of several in a config file. It has the options of a config file, and a name of its own. */
export interface App extends Omit<Config, 'apps'> {
  name: string;
}

/**
 * What a config file exports, or a function in it returns. `network` and `backlog` belong to the library's own listen.
 * `onPrimaryDeath` runs in workers, which never load this file: they use `worker.onPrimaryDeath` of `prefork/worker`.
 *
 * @example
 * // prefork.config.ts
 * import type { Config } from 'prefork';
 * export default { entry: 'server.js', workers: 4 } satisfies Config;
 */
export interface Config extends Options, Omit<LibraryOptions, 'network' | 'backlog' | 'onPrimaryDeath'> {
  /** The program that runs when the command names no entry. A relative path starts from the working directory. */
  entry?: string | undefined;
  /** The arguments of {@link Config.entry}. They are not used when the command names an entry. */
  args?: readonly string[] | undefined;
  /**
   * Several applications, each a server of its own. The command without an entry runs all of them. The options beside
   * `apps` count for each app that does not have them.
   *
   * @example apps: [{ name: 'shop', entry: 'shop/server.js' }, { name: 'blog', entry: 'blog/server.js', workers: 1 }]
   */
  apps?: readonly App[] | undefined;
}

/** Options with every value in force and checked: text is parsed, `auto` is counted, times are milliseconds. */
export interface Settings extends CanaryLimits {
  /** How many workers there are at the start. */
  readonly workers: number;
  /** The range in which their number changes by itself; undefined when it stays. */
  readonly range: Range | undefined;
  readonly name: string;
  /** Whether the name was chosen, or comes from the entry. */
  readonly isNameGiven: boolean;
  /** As it was given, absolute or not. */
  readonly cwd: string | undefined;
  readonly envFile: readonly string[] | undefined;
  readonly nodeArgs: readonly string[] | undefined;
  readonly primary: string | undefined;
  /** `none` for no variable. */
  readonly instanceVariable: string;
  readonly stopSignal: StopSignal;
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
  /** ms; 0 is off. */
  readonly keepPrevious: number;
  readonly canary: CanaryShare;
  /** ms. */
  readonly canaryWatch: number;
  readonly onDoubt: OnDoubt;
  readonly maxBoots: number;
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
  /** Undefined stands for the ports of the first start. */
  readonly bind: readonly number[] | undefined;
  readonly logFormat: 'text' | 'json';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** A port, or a host and a port. */
  readonly admin: string | undefined;
  readonly adminHost: readonly string[] | undefined;
  readonly adminTokenFile: string | undefined;
  readonly appVersion: string | undefined;
  readonly proxyProtocol: readonly string[] | undefined;
  /** Percent. */
  readonly readyShare: number;
  readonly healthPath: string | undefined;
  readonly logTime: boolean;
  readonly compileCache: string | undefined;
  readonly watch: boolean;
  readonly prefixOutput: boolean;
}
