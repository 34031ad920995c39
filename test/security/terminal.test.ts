/**
 * Tests a terminal with root's shell, and with a server of another user in the foreground. The server does not get at
 * the shell.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Target } from '../support/app.ts';
import { childrenOf, commandLine, isAlive, processesOf, TEST_ID } from '../support/leftovers.ts';
import { command } from '../support/paths.ts';
import { noOtherUser } from '../support/platform.ts';
import { lowPort } from '../support/low-port.ts';
import { compromised, descriptorsOf, hello, identityOf, inside, isNobody } from '../support/separated.ts';
import { noTerminal, Terminal } from '../support/screens/terminal.ts';
import { poll } from '../support/watched.ts';

const skip = noOtherUser || noTerminal;

/** A terminal in which root's shell has started a server of the unprivileged user. The object owns it. */
class Session implements AsyncDisposable {
  readonly terminal: Terminal;
  readonly directory: string;
  readonly #testId: string;

  /**
   * Opens a session.
   *
   * @param prefix the beginning of the command, such as `setsid -w`.
   */
  static async open(
    app: string,
    { options = '', port = 0, prefix = '', until = /ready workers=1/ } = {},
  ): Promise<Session> {
    const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
    chmodSync(directory, 0o755);
    writeFileSync(join(directory, 'app.cjs'), app);
    const testId = randomUUID();
    const env = { PORT: String(port), [TEST_ID]: testId, PATH: process.env['PATH']! };
    const terminal = await Terminal.open({ columns: 200, rows: 50, env });
    const session = new Session(terminal, directory, testId);
    const line = `cd ${directory}; ${prefix} ${process.execPath} ${command} --user nobody --workers 1 ${options} app.cjs; echo ended=$?`;
    await terminal.type(line, 'Enter');
    await terminal.shows(until);
    return session;
  }

  private constructor(terminal: Terminal, directory: string, testId: string) {
    this.terminal = terminal;
    this.directory = directory;
    this.#testId = testId;
  }

  async target(): Promise<Target> {
    const [, port] = await this.terminal.shows(/listening address=\S+?:(\d+) /);
    return { host: '127.0.0.1', port: Number(port) };
  }

  async pidOfWorker(): Promise<number> {
    const [, pid] = await this.terminal.shows(/worker ready slot=0 gen=1 pid=(\d+)/);
    return Number(pid);
  }

  /** The server's processes: all except those of the shell and the terminal. */
  get processes(): number[] {
    const own = processesOf(this.#testId).filter((pid) => /^(?!setsid ).* --user/.test(commandLine(pid)));
    return [...new Set([...own, ...own.flatMap(childrenOf)])];
  }

  /** The process between root's terminal and the server. */
  get between(): number {
    return this.processes.find((pid) => commandLine(pid).includes('--user') && !isNobody(pid))!;
  }

  async gone(pids: readonly number[]): Promise<void> {
    await poll(() => !pids.some(isAlive) || undefined, 'the end of every process');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pids = this.processes;
    await this.terminal[Symbol.asyncDispose]();
    try {
      await this.gone(pids);
    } finally {
      for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
      rmSync(this.directory, { recursive: true });
    }
  }
}

/** Returns the number of the controlling terminal (proc(5)), 0 for none. */
function terminalOf(pid: number): number {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(/\) (?!.*\) )/s);
  return Number(fields!.split(' ')[4]);
}

function sessionOf(pid: number): number {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(/\) (?!.*\) )/s);
  return Number(fields!.split(' ')[3]);
}

const isTerminal = (what: string): boolean => /^\/dev\/(pts|tty|console|ptmx)/.test(what);

for (const prefix of ['', 'setsid -w']) {
  test(`no process of the user’s has the terminal${prefix && `, by ${prefix}`}`, { skip }, async () => {
    await using session = await Session.open(compromised, { prefix });
    const users = session.processes.filter(isNobody);
    assert.equal(users.length, 2, 'the primary and its worker');
    for (const pid of users) {
      assert.equal(terminalOf(pid), 0);
      assert.deepEqual([...descriptorsOf(pid).values()].filter(isTerminal), []);
    }
    const worker = await session.pidOfWorker();
    assert.equal(sessionOf(worker), worker, 'a session of its own');
    const target = await session.target();
    const shell = (await inside(target, tryToOpen(`'/dev/tty'`))) as { error: string };
    assert.match(shell.error, /^(ENXIO|EACCES)$/);
    for (const path of new Set([...descriptorsOf(session.between).values()].filter(isTerminal))) {
      assert.deepEqual(await inside(target, tryToOpen(`'${path}'`)), { error: 'EACCES' }, path);
    }
    for (const fd of [0, 1, 2, 3]) {
      assert.deepEqual(await inside(target, `return require('node:tty').isatty(${fd})`), { value: false });
    }
    // Ctrl-C reaches `setsid` alone, which is then the process at the terminal.
    process.kill(session.between, 'SIGTERM');
    await session.terminal.shows(/^ended=0/m);
  });
}

function tryToOpen(path: string): string {
  return `require('node:fs').openSync(${path}, 'r+'); return 'opened';`;
}

/** A program that types into a terminal by the ioctl for it, through every descriptor and the terminal's own name. */
const typist = (file: string): string => `${hello}
  const { spawn } = require('node:child_process');
  const program = \`$SIG{INT} = $SIG{HUP} = 'IGNORE';
    sub type_into { my $t = shift; for my $c (split //, "touch ${file}\\\\n") { my $b = $c; ioctl($t, 0x5412, $b) } }
    for my $fd (0 .. 9) { if (open(my $t, '+<&=', $fd)) { type_into($t) } }
    if (open(my $own, '+<', '/dev/tty')) { type_into($own) }
    open(my $done, '>', '${file}.done');\`;
  setTimeout(() => spawn('perl', ['-e', program], { stdio: 'inherit' }), 100);`;

test('a worker types nothing into root’s shell', { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  chmodSync(directory, 0o777);
  const file = join(directory, 'typed');
  try {
    await using session = await Session.open(typist(file));
    await poll(() => existsSync(`${file}.done`) || undefined, 'the end of the typist');
    await session.terminal.type('C-c');
    await session.terminal.shows(/^ended=0/m);
    // The shell would have run earlier typed text before this.
    await session.terminal.type('echo and=$((6 * 7))', 'Enter');
    await session.terminal.shows(/^and=42/m);
    assert.equal(existsSync(file), false);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('of what a worker prints, root’s terminal obeys the colours alone', { skip }, async () => {
  const app = `${hello}
    console.log('\\u001b]0;PWNED\\u0007\\u001b[2J\\u001b[31mred\\u001b[0m');
    console.error('\\u001b]52;c;cm0=\\u0007\\u001b[6n');
    console.log('\\u001b[8mconcealed\\nprefork: x\\rover it');`;
  await using session = await Session.open(app);
  await session.terminal.shows(/\\u001b\]0;PWNED\\u0007\\u001b\[2Jred\n/);
  await session.terminal.shows(/\\u001b\]52;c;cm0=\\u0007\\u001b\[6n\n/);
  await session.terminal.shows(/^concealed\nprefork: x\\u000dover it\n/m);
  await session.terminal.type('C-c');
  await session.terminal.shows(/^ended=0/m);
});

test('Ctrl-C stops all of it', { skip }, async () => {
  await using session = await Session.open(hello, { port: await lowPort() });
  const { processes } = session;
  assert.equal(processes.length, 4, 'between, primary, binder, worker');
  assert.deepEqual(processes.filter((pid) => identityOf(pid).uids[0] === 0).length, 2);
  await session.terminal.type('C-c');
  await session.terminal.shows(/stopping signal=SIGINT[\s\S]*stopped in=[\s\S]*^ended=0/m);
  await session.gone(processes);
});

test('how it ends, and what it says, is passed on', { skip }, async () => {
  const app = `console.log('to stdout'); throw new Error('no database');`;
  await using session = await Session.open(app, { until: /^ended=/m });
  await session.terminal.shows(/to stdout[\s\S]*no database[\s\S]*^ended=1$/m);
});

for (const signal of ['SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`nothing is left when the process in the terminal gets ${signal}`, { skip }, async () => {
    await using session = await Session.open(hello, { port: await lowPort() });
    const { processes, between } = session;
    assert.equal(processes.length, 4);
    process.kill(between, signal);
    if (signal === 'SIGHUP') {
      // While the terminal is still there, the signal means a reload as usual.
      await session.terminal.shows(/reload done/);
      process.kill(between, 'SIGTERM');
    }
    await session.terminal.shows(/^ended=\d+/m);
    await session.gone(processes);
  });
}

test('nothing is left when the terminal is closed', { skip }, async () => {
  const session = await Session.open(hello, { port: await lowPort() });
  const { processes } = session;
  await session[Symbol.asyncDispose]();
  await session.gone(processes);
});

test('what a worker leaves behind does not hold the terminal', { skip }, async () => {
  const daemon = `${hello}
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20_000)', '--', '--user'], { stdio: 'inherit', detached: true }).unref();`;
  await using session = await Session.open(daemon);
  const find = (): number | undefined => session.processes.find((pid) => commandLine(pid).includes('20_000'));
  const left = await poll(find, 'what the worker starts');
  await session.terminal.type('C-c');
  await session.terminal.shows(/^ended=0/m);
  assert.ok(isAlive(left));
  process.kill(left, 'SIGKILL');
});

test('an upgrade there is refused, and says what to do', { skip }, async () => {
  await using session = await Session.open(hello);
  process.kill(session.between, 'SIGUSR2');
  await session.terminal.shows(/upgrade failed[\s\S]*in a terminal ends with it/);
  await session.terminal.type('C-c');
  await session.terminal.shows(/^ended=0/m);
});
