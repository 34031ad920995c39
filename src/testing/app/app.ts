import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScaleTarget } from '../../contract/operations.ts';
import type { Outcome } from '../../contract/outcome.ts';
import type { Status } from '../../control/controls.ts';
import { Actions, type Action } from './actions.ts';
import { Changes } from './changes.ts';
import { controlSocket, get, operate } from './control.ts';
import { matches, type LogEvent, type OutputLine } from './log.ts';
import { readLines } from './output.ts';
import { isAlive, killIfAlive, untilGone } from './processes.ts';
import { addRunning, removeRunning } from './running.ts';
import { toTarget, type Target } from '../load/target.ts';

/** The default for the longest wait for an event, and for the end after SIGTERM. */
const PATIENCE_MS = 60_000;
/**
 * After the primary has ended, its last lines may still be on their way, and other processes may hold its stderr open.
 */
const LAST_LINES_MS = 1000;
/** How often the app checks whether another primary answers. */
const POLL_MS = 20;

/** How the primary ended. Both fields are null when it was not a child of this process but came by an upgrade. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The successful outcome of an operation. */
export type Done = Extract<Outcome, { ok: true }>;

/**
 * A running server, seen from outside: its log, its output and its operations. The app owns the process and a directory
 * for the control socket. Disposing of it stops the server and removes the directory.
 */
export class App implements AsyncDisposable {
  /** The server's stderr so far, line by line. */
  readonly output: OutputLine[] = [];
  /** The server's stdout so far. */
  stdout = '';
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #changes = new Changes();
  readonly #log: LogEvent[] = [];
  readonly #actions = new Actions();
  /** Those that an upgrade has replaced. */
  readonly #before: number[] = [];
  #pid: number;
  #exit: Exit | undefined;

  /**
   * Wraps a process.
   *
   * @internal `startServer` calls this.
   * @param child a process whose stdout and stderr are pipes that only the app reads.
   * @param directory the PREFORK_RUNTIME_DIR of this server alone.
   */
  constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#pid = child.pid!;
    this.#directory = directory;
    this.#collect();
    addRunning(this);
  }

  /** The pid of the primary. An upgrade changes it. */
  get pid(): number {
    return this.#pid;
  }

  /** The events of prefork's log so far. */
  get log(): readonly LogEvent[] {
    return this.#log;
  }

  /** All of stderr so far: prefork's log as people read it, and the application's own output. */
  get stderr(): string {
    return this.output.map(({ text }) => `${text}\n`).join('');
  }

  /**
   * The addresses on which the server listens, in the order of its log: `127.0.0.1:8080`, `unix:/path`. A worker is
   * ready when its first server listens. To wait for later servers, use `event('listening', { nth: 2 })`.
   */
  get addresses(): string[] {
    return [...new Set(this.#events('listening', {}).map(({ fields }) => String(fields['address'])))];
  }

  /** The first address. */
  get address(): string {
    const [first] = this.addresses;
    if (first === undefined) throw new Error('the application has not called listen');
    return first;
  }

  /** The first address, as `http.request` takes it. */
  get target(): Target {
    return toTarget(this.address);
  }

  /** All addresses, as `http.request` takes them. */
  get targets(): Target[] {
    return this.addresses.map(toTarget);
  }

  /**
   * Waits for the first such event in the log, or the `nth`. An event that was logged before counts.
   *
   * @param name such as `worker exited`
   * @param options.fields the fields that it must have, such as `{ slot: 0 }`; numbers and texts are compared as
   *   text.
   * @param options.within the longest wait in ms; default 60 s.
   */
  event(
    name: string,
    options: { readonly fields?: LogEvent['fields']; readonly nth?: number; readonly within?: number } = {},
  ): Promise<LogEvent> {
    const { fields = {}, nth = 1, within = PATIENCE_MS } = options;
    const pairs = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    const what = (): string => `"${[name, ...pairs].join(' ')}" in the log${nth === 1 ? '' : `, no. ${nth}`}`;
    return this.#changes.until(() => this.#events(name, fields)[nth - 1], what, within);
  }

  /** Returns the pid of the worker in this slot, according to the log. */
  worker(slot: number): number {
    const pid = this.#events('worker ready', { slot }).at(-1)?.fields['pid'];
    if (pid === undefined) throw new Error(`slot ${slot} has no worker`);
    return Number(pid);
  }

  /** Sends SIGKILL to the worker in this slot. Requests in flight are lost. @returns the worker's pid. */
  kill(slot: number): number {
    const pid = this.worker(slot);
    this.#actions.add(`kill ${slot}`);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** Sends a signal to the primary. */
  signal(name: NodeJS.Signals): void {
    this.#actions.add(name);
    process.kill(this.#pid, name);
  }

  /** Reads the status: slots, generation, pids, state, load. */
  async status(): Promise<Status> {
    const status = (await get(this.#socket(), '/status')) as Status;
    this.#pid = status.pid;
    return status;
  }

  /**
   * Replaces the workers.
   *
   * @throws OperationFailed with the reason and the stderr of the worker that did not come up.
   */
  reload(): Promise<Done> {
    return this.#actions.during('reload', () => operate(this.#socket(), 'reload'));
  }

  /**
   * Returns to the generation before the last reload, where the option `keepPrevious` has kept it.
   *
   * @throws OperationFailed with the reason when there is none.
   */
  rollback(): Promise<Done> {
    return this.#actions.during('rollback', () => operate(this.#socket(), 'rollback'));
  }

  /**
   * Sets how many workers there are, or how many more or fewer.
   *
   * @example await app.scale(4); await app.scale({ by: -1 });
   */
  scale(workers: number | ScaleTarget): Promise<Done> {
    const target = typeof workers === 'number' ? { workers } : workers;
    const name = `scale ${'by' in target ? `by ${target.by}` : 'auto' in target ? 'auto' : target.workers}`;
    return this.#actions.during(name, () => operate(this.#socket(), 'scale', target));
  }

  /** Replaces the primary itself. When the promise settles, `pid` is that of the new one. */
  upgrade(): Promise<Done> {
    return this.#actions.during('upgrade', () => this.#upgrade());
  }

  async #upgrade(): Promise<Done> {
    const before = this.#pid;
    this.#before.push(before);
    const done = await operate(this.#socket(), 'upgrade');
    const deadline = performance.now() + PATIENCE_MS;
    // The old primary answers until the new one's socket is in its place.
    while ((await this.#primaryBeside(new Set([before]))) === undefined) {
      if (performance.now() > deadline) throw new Error(`upgraded, but pid ${before} still answers`);
      await delay(POLL_MS);
    }
    return done;
  }

  /**
   * What was asked of it here so far.
   *
   * @internal
   */
  get actions(): readonly Action[] {
    return this.#actions.all;
  }

  /**
   * Waits until all that leaves has left: no worker finishes what is in flight, and no primary that was replaced is there.
   *
   * @internal
   */
  async settled(): Promise<void> {
    for (const pid of this.#before) await untilGone(pid);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const { leaving, operation } = await this.status();
      if (leaving.length === 0 && operation === null) return;
      if (performance.now() > deadline) throw new Error(`${leaving.length} workers are still there that should leave`);
      await delay(POLL_MS);
    }
  }

  /**
   * Sends SIGTERM, as systemd, Docker and Kubernetes do to stop a server. The promise settles when the server has
   * ended.
   */
  async stop(): Promise<Exit> {
    // Another process may have upgraded the primary.
    await this.status().catch(() => {});
    if (this.#exit === undefined && isAlive(this.#pid)) this.signal('SIGTERM');
    return this.exit();
  }

  /** Waits for the end of the primary, even when it is no longer a child of this process. */
  exit(): Promise<Exit> {
    return this.#changes.until(
      () => this.#exit,
      () => 'the end of the server',
      PATIENCE_MS,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {
      this.killAll();
      return this.exit();
    });
    removeRunning(this);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /**
   * Ends the primary and the workers without grace, and removes the directory. Spares, which are not counted here, end
   * when they miss the primary.
   *
   * @internal
   */
  killAll(): void {
    const ready = this.#events('worker ready', {});
    const workers = new Map(ready.map(({ fields }) => [fields['slot'], Number(fields['pid'])]));
    for (const pid of new Set([...workers.values(), this.#pid, this.#child.pid!])) killIfAlive(pid);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #events(name: string, fields: LogEvent['fields']): LogEvent[] {
    return this.#log.filter((event) => matches(event, name, fields));
  }

  #socket(): string {
    const path = controlSocket(this.#directory);
    if (path === undefined) throw new Error(`the server has no control socket${this.#exit ? ': it has ended' : ''}`);
    return path;
  }

  #collect(): void {
    const { stdout, stderr } = this.#child;
    stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    readLines(stderr!, (line) => {
      this.output.push(line);
      if (line.event === undefined) return;
      this.#log.push(line.event);
      this.#changes.changed();
    });
    // The promise also settles when the stream breaks.
    const lastLines = once(stderr!, 'close').catch(() => {});
    this.#child.once('exit', (code, signal) => void this.#followTo({ code, signal }, lastLines));
  }

  /**
   * Follows the server after the process that was started has ended. An upgrade ends it too, and then another process
   * is the server.
   */
  async #followTo(end: Exit, lastLines: Promise<unknown>): Promise<void> {
    const ended = new Set([this.#child.pid!]);
    let exit = end;
    for (;;) {
      const successor = await this.#primaryBeside(ended);
      if (successor === undefined) break;
      await untilGone(successor);
      ended.add(successor);
      exit = { code: null, signal: null };
    }
    await Promise.race([lastLines, delay(LAST_LINES_MS)]);
    this.#exit = exit;
    this.#changes.over(`the server ended${describe(exit)}`);
  }

  /** Returns the pid of the live primary, unless it is one of `others`. */
  async #primaryBeside(others: ReadonlySet<number>): Promise<number | undefined> {
    const pid = await this.status().then(
      (status) => status.pid,
      () => this.#pid,
    );
    return others.has(pid) || !isAlive(pid) ? undefined : pid;
  }
}

function describe({ code, signal }: Exit): string {
  if (signal !== null) return ` by ${signal}`;
  return code === null ? '' : ` with code ${code}`;
}
