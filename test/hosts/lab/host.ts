import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { testDirectory } from '../../support/abandoned.ts';
import { childrenOf, names, read } from '../../support/leftovers.ts';
import { root } from '../../support/paths.ts';
import { poll } from '../../support/watched.ts';
import { Program } from './program.ts';
import { must, run, type Ran } from './shell.ts';

/**
 * The first process of a host makes the host's own places. Then it waits for the end of its input, which is the end of the
 * test. It is bash, because that waits for the orphans of the host, as the first process of every machine has to.
 */
const FIRST_PROCESS = `
set -e
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=755 srv /srv
mount --bind "$2" /proc/sys/kernel/random/boot_id
hostname "$1"
ip link set lo up
echo ready
while read -r _; do :; done
`;

/** Tests of hosts read this file of a host, in which each host has another text. */
const BOOT_ID = 'boot-id';

/**
 * A machine of its own as far as programs can tell: its network, processes, mounts, name, shared memory, boot id, /run
 * and /srv are its own, and the rest of the file system is that of the test. The object owns the first process. When
 * that ends, be it because the test was killed, the kernel ends all others and removes everything else.
 */
export class Host implements AsyncDisposable {
  readonly name: string;
  /** The pid of the first process, as the test sees it. */
  readonly pid: number;
  readonly #unshare: ChildProcess;
  readonly #directory: string;
  readonly #programs = new Set<Program>();

  private constructor(name: string, unshare: ChildProcess, pid: number, directory: string) {
    this.name = name;
    this.#unshare = unshare;
    this.pid = pid;
    this.#directory = directory;
  }

  static async start(name: string): Promise<Host> {
    const directory = testDirectory('host');
    const bootId = join(directory, BOOT_ID);
    writeFileSync(bootId, `${randomUUID()}\n`);
    const own = ['--net', '--pid', '--mount', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc'];
    const unshare = spawn('unshare', [...own, 'bash', '-c', FIRST_PROCESS, 'host', name, bootId], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [first] = (await Promise.race([once(unshare.stdout, 'data'), once(unshare, 'exit')])) as unknown[];
    if (String(first) !== 'ready\n') throw new Error(`the host ${name} did not start`);
    const [pid] = childrenOf(unshare.pid!);
    const host = new Host(name, unshare, pid!, directory);
    host.write('/run/tmp/keep', '');
    // Applications find prefork as an installed package.
    host.write('/srv/node_modules/.keep', '');
    symlinkSync(root, host.path('/srv/node_modules/prefork'));
    return host;
  }

  /** Returns the way to a file of this host for the test itself. */
  path(file: string): string {
    return `/proc/${this.pid}/root${file}`;
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  write(file: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), text, { mode });
  }

  list(directory: string): string[] {
    return readdirSync(this.path(directory));
  }

  remove(file: string): void {
    rmSync(this.path(file), { recursive: true, force: true });
  }

  /** Lists the processes of this host by their pids in it, without the first one and those that are dead. */
  processes(): number[] {
    const pids = names(this.path('/proc'))
      .map(Number)
      .filter((pid) => pid > 1);
    return pids.filter((pid) => read(this.path(`/proc/${pid}/cmdline`)) !== '');
  }

  /** Runs a program until it ends. */
  run(program: string, ...args: string[]): Promise<Ran> {
    return run('nsenter', this.#inside('/', program, args), environment({}));
  }

  /** Runs a program that has to succeed. */
  async must(program: string, ...args: string[]): Promise<string> {
    const ran = await this.run(program, ...args);
    if (ran.code !== 0) throw new Error(`${this.name}: ${program} ${args.join(' ')}: ${ran.stderr}${ran.stdout}`);
    return ran.stdout;
  }

  /** Starts a program that runs until it is ended, at the latest with the host. */
  start(program: string, args: readonly string[], { cwd = '/', env = {} }: StartOptions = {}): Program {
    const started = new Program(`${this.name}: ${program}`, this.#inside(cwd, program, args), environment(env));
    this.#programs.add(started);
    return started;
  }

  /** What the programs of this host have printed, for a test that fails. */
  get report(): string {
    return [...this.#programs].map(({ report }) => report).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this;
    const isOver = this.#unshare.exitCode === null ? once(this.#unshare, 'exit') : undefined;
    this.#unshare.stdin!.end();
    await isOver;
    await poll(() => (childrenOf(pid).length === 0 ? true : undefined), `the end of ${this.name}`);
    rmSync(this.#directory, { recursive: true });
  }

  #inside(cwd: string, program: string, args: readonly string[]): string[] {
    const own = ['--net', '--pid', '--mount', '--uts', '--ipc'];
    // The shell becomes the program.
    return ['--target', String(this.pid), ...own, 'sh', '-c', 'cd "$0" && exec "$@"', cwd, program, ...args];
  }
}

export interface StartOptions {
  /** The working directory, which may be a link. The default is the root directory. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Nothing of prefork's variables, nor of the test runner's, reaches a host. */
function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => /^(PATH|HOME|LANG|USER)$/.test(name));
  return { ...Object.fromEntries(inherited), TMPDIR: '/run/tmp', ...more };
}

/** Tells whether this process may make hosts here. */
export async function mayHaveHosts(): Promise<boolean> {
  return must('unshare', '--net', '--pid', '--mount', '--uts', '--fork', '--mount-proc', 'ip', 'link').then(
    () => true,
    () => false,
  );
}
