import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, type TestContext } from 'node:test';
import { owner, sweepAbandoned, testDirectory, TEST_OWNER } from './abandoned.ts';
import { childrenOf, commandLine, filesOfPrimary, isAlive, processesOf, socketsIn, TEST_ID } from './leftovers.ts';
import { matches, parseLogLine, type Fields, type LogEvent } from './log.ts';
import { command, fixture } from './paths.ts';
import { poll, Watched } from './watched.ts';

sweepAbandoned();

export interface AppOptions {
  /** A file of test/fixtures/apps, or the path of any other. A command that is used wrongly has none. */
  readonly entry?: string;
  readonly args?: readonly string[];
  /** Options of the command. */
  readonly options?: readonly string[];
  /** Options of node itself. */
  readonly nodeOptions?: readonly string[];
  /**
   * True, the default, runs the app by `dist/cli.cjs`. False runs it by node alone, as for programs that use the
   * library.
   */
  readonly command?: boolean;
  /** Variables that are added to those of the tests; undefined removes one. PORT is 0. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Files that are written to the app's directory before it starts. */
  readonly files?: Readonly<Record<string, string>>;
  /** Symbolic links in that directory, and their targets. */
  readonly links?: Readonly<Record<string, string>>;
  /** The working directory. The default is the app's own directory, which is new and empty. */
  readonly cwd?: string;
  /** The node that runs the app. The default is the node that runs the tests. */
  readonly node?: string;
  /** The user that the app runs as. */
  readonly uid?: number;
  /** True when all users may look into the directory, because the workers may belong to another one. */
  readonly isOpen?: boolean;
  /**
   * True for a process group of its own, so that the test can signal the group. A shell with job control does the same.
   */
  readonly group?: boolean;
  /** The file descriptors that the app finds as 3 and up. */
  readonly fds?: readonly number[];
}

/** An address, as `net.connect` and `http.request` take it. */
export type Target = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface AppExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts a server without waiting.
 *
 * @example
 * await using app = await startApp({ entry: 'hello.js', options: ['--workers', '2'] });
 * await app.event('ready');
 */
export async function startApp(options: AppOptions): Promise<App> {
  const app = new App(options);
  await once(app.child, 'spawn');
  return app;
}

/** Starts a server, and waits until every worker serves. */
export async function serve(options: AppOptions): Promise<App> {
  const app = await startApp(options);
  try {
    await app.event('ready');
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * A running server, seen from outside: its log, its output, its processes. The object owns them and a directory, and
 * disposing of it ends and removes all of these. Anything that should have been gone by then fails the test.
 */
export class App implements AsyncDisposable {
  readonly child: ChildProcess;
  /** The app's own directory, which is its working directory and holds its control socket. */
  readonly directory: string;
  stdout = '';
  stderr = '';
  readonly log: LogEvent[] = [];
  /** The processes and files that were left when it ended; see `reportLeftovers`. */
  readonly leftovers: string[] = [];
  readonly #testId = randomUUID();
  readonly #changes = new Watched();
  readonly #socketsBefore: ReadonlySet<string>;
  #exit: AppExit | undefined;
  #isKilled = false;

  constructor(options: AppOptions) {
    this.directory = makeDirectory(options);
    this.#socketsBefore = new Set(socketsIn(this.directory));
    const { args, entry, nodeOptions = [], options: flags = [], command: byCommand = true } = options;
    const file = entry === undefined ? [] : [entry.includes('/') ? entry : fixture(entry)];
    const program = byCommand ? [command, ...flags, ...file] : file;
    this.child = spawn(options.node ?? process.execPath, [...nodeOptions, ...program, ...(args ?? [])], {
      cwd: options.cwd ?? this.directory,
      env: environment(options, this.directory, this.#testId),
      stdio: ['ignore', 'pipe', 'pipe', ...(options.fds ?? [])],
      detached: options.group ?? false,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    this.#collect();
    started.add(this);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The pids of everything that runs for this app now: primary, workers, and processes that they started. */
  get processes(): number[] {
    return processesOf(this.#testId);
  }

  /** The control sockets of this server, and of its successor while there are two. */
  get controlSockets(): string[] {
    return socketsIn(this.directory).filter((path) => /\/prefork-\d+\/[^/]+\.sock$/.test(path));
  }

  /** Waits for the n-th event of this name with these fields. An earlier event counts. */
  event(name: string, fields: Fields = {}, nth = 1): Promise<LogEvent> {
    const what = `"${[name, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' ')}", no. ${nth}`;
    return this.#changes.until(() => this.events(name, fields)[nth - 1], what);
  }

  events(name: string, fields: Fields = {}): LogEvent[] {
    return this.log.filter((event) => matches(event, name, fields));
  }

  /** Waits until the app's own output matches. */
  output(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    return this.#changes.until(() => pattern.exec(this[stream]) ?? undefined, `${pattern} on ${stream}`);
  }

  /** Waits until stdout has this many lines. The log, which takes another way, may be ahead of it. */
  async lines(count: number): Promise<string[]> {
    await this.output(new RegExp(`(?:.*\\n){${count}}`));
    return this.stdout.trimEnd().split('\n');
  }

  /** The addresses on which it listens, in the order in which it logged them. */
  get targets(): Target[] {
    return this.events('listening').map(({ fields }) => toTarget(fields['address']!));
  }

  get target(): Target {
    const [first] = this.targets;
    if (first === undefined) throw new Error('it does not listen yet');
    return first;
  }

  get port(): number {
    const { target } = this;
    if (!('port' in target)) throw new Error(`it listens on ${target.socketPath}`);
    return target.port;
  }

  /** The pid in each slot, according to the log. */
  get workers(): Map<number, number> {
    return new Map(this.events('worker ready').map(({ fields }) => [Number(fields['slot']), Number(fields['pid'])]));
  }

  worker(slot: number): number {
    const pid = this.workers.get(slot);
    if (pid === undefined) throw new Error(`slot ${slot} has no worker`);
    return pid;
  }

  /**
   * Sends a signal.
   *
   * @param to the primary alone, or its whole process group, as Ctrl-C at a terminal does.
   */
  signal(signal: NodeJS.Signals, to: 'primary' | 'group' = 'primary'): void {
    if (signal === 'SIGKILL') this.#isKilled = true;
    process.kill(to === 'group' ? -this.pid : this.pid, signal);
  }

  /** Waits for the exit of the primary. @param within ms, where it has to take its time. */
  async exit(within?: number): Promise<AppExit> {
    return this.#changes.until(() => this.#exit, 'the end of the primary', within);
  }

  /** Sends SIGTERM, and waits for the exit of the primary. */
  async stop(): Promise<AppExit> {
    this.signal('SIGTERM');
    return this.exit();
  }

  /** Waits until no process of the app lives any more. */
  async gone(): Promise<void> {
    await poll(() => (this.processes.length === 0 ? true : undefined), 'the end of every process');
  }

  /** The text that is printed when a test fails. */
  get report(): string[] {
    const { code, signal } = this.#exit ?? {};
    const end = this.#exit === undefined ? 'runs' : `ended, code=${code} signal=${signal}`;
    return [
      `${this.child.spawnargs.join(' ')} (pid ${this.pid}, ${end})`,
      ...indent('stdout', this.stdout),
      ...indent('stderr', this.stderr),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The binder of `--user` has an empty environment, so it is found as a child.
    const children = this.processes.flatMap(childrenOf);
    await this.#end();
    await this.#lookForProcesses(children);
    for (const file of filesOfPrimary(this.pid)) {
      this.leftovers.push(`${file} was left behind`);
      rmSync(file, { recursive: true });
    }
    const sockets = socketsIn(this.directory).filter((path) => !this.#socketsBefore.has(path));
    this.leftovers.push(...sockets.map((path) => `${path} was left behind`));
    rmSync(this.directory, { recursive: true });
    started.delete(this);
    ended.push(this);
  }

  /** Kills all processes of the app at once. */
  kill(): void {
    this.#isKilled = true;
    for (const pid of new Set([...this.processes, ...this.workers.values(), this.pid])) killIfAlive(pid);
  }

  /** Ends an app that still runs when its test ends. Such a test only expects that the end is a good one. */
  async #end(): Promise<void> {
    if (this.#exit !== undefined) return;
    try {
      const { code, signal } = await (this.#isKilled ? this.exit() : this.stop());
      if (code !== 0 && !this.#isKilled) this.leftovers.push(`SIGTERM ended it with code=${code} signal=${signal}`);
    } catch (error) {
      this.leftovers.push(`SIGTERM did not end it: ${String(error)}`);
      this.kill();
      await this.exit();
    }
  }

  /** Looks for processes that are left. Processes that workers started may end a moment later than they do. */
  async #lookForProcesses(children: readonly number[]): Promise<void> {
    const known = [...children, ...this.workers.values()];
    const living = (): number[] => [...new Set([...this.processes, ...known.filter(isAlive)])];
    const areGone = await poll(() => living().length === 0 || undefined, 'their end', 2000).catch(() => false);
    if (areGone) return;
    this.leftovers.push(...living().map((pid) => `process ${pid} was left behind: ${commandLine(pid)}`));
    this.kill();
    await this.gone();
  }

  #collect(): void {
    const { child } = this;
    const { stdout, stderr } = child;
    let unfinished = '';
    stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changes.changed();
    });
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop()!;
      this.log.push(...lines.flatMap((line) => parseLogLine(line) ?? []));
      this.#changes.changed();
    });
    // The event 'exit' comes before the last output. 'close' comes after it, but it also waits for other processes that
    // hold the pipes, and workers outlive a primary that is killed.
    child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') return;
      this.#exit = { code, signal };
      this.#changes.changed();
    });
    child.once('close', (code, signal) => {
      this.#exit ??= { code, signal };
      this.#changes.over(`the app ended with code=${code} signal=${signal}`);
    });
  }
}

/** The number of lines of output in a report, because some servers log each request. */
const MOST_LINES = 100;

/** The running apps, in case the test runner ends before a test does. */
const started = new Set<App>();
process.once('exit', () => {
  for (const app of started) app.kill();
});

/** The apps of the current test. */
const ended: App[] = [];

afterEach((context) => {
  const apps = ended.splice(0);
  const leftovers = apps.flatMap((app) => app.leftovers);
  // Node 20.12 and later have these. @types/node for 20 do not know them.
  const { passed, diagnostic } = context as TestContext & { passed: boolean };
  if (passed && leftovers.length === 0) return;
  for (const line of apps.flatMap(({ report }) => report)) diagnostic.call(context, line);
  if (leftovers.length > 0) throw new Error(leftovers.join('\n'));
});

function makeDirectory({ files = {}, links = {}, uid, isOpen = false }: AppOptions): string {
  const directory = testDirectory('test');
  for (const [name, text] of Object.entries(files)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(directory, name));
  if (uid !== undefined) {
    chownSync(directory, uid, uid);
  }
  if (uid !== undefined || isOpen) chmodSync(directory, 0o755);
  return directory;
}

/** Most tests start when a worker has settled, so settling is short. Tests of settling set their own time. */
const SETTLE = '20ms';

function environment({ env }: AppOptions, directory: string, testId: string): NodeJS.ProcessEnv {
  // PREFORK_MIGRATE=every-answer has the whole suite run with connections that move all the time.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PREFORK_(?!MIGRATE$)|NODE_TEST_CONTEXT$)/.test(name),
  );
  // The variable alone decides where sockets are. A test that sets XDG_RUNTIME_DIR uses the usual places.
  const place = env !== undefined && 'XDG_RUNTIME_DIR' in env ? {} : { PREFORK_RUNTIME_DIR: directory };
  const own = { PORT: '0', PREFORK_SETTLE: SETTLE, ...place, [TEST_ID]: testId, [TEST_OWNER]: owner };
  return { ...Object.fromEntries(inherited), ...own, ...env };
}

/** Parses an address as the log prints it. A wildcard address is reached through the loopback. */
function toTarget(address: string): Target {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host: host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host, port: Number(address.slice(colon + 1)) };
}

function indent(title: string, text: string): string[] {
  if (text === '') return [];
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(-MOST_LINES).map((line) => `    ${line}`);
  return [`${title}:`, ...(shown.length < lines.length ? [`    (${lines.length} lines)`] : []), ...shown];
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended meanwhile.
  }
}
