import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome, ScaleTarget } from '../../contract/outcome.ts';
import type { Status } from '../../control/controls.ts';
import { Actions, type Action } from './actions.ts';
import { Changes } from './changes.ts';
import { controlSocket, get, operate } from './control.ts';
import { matches, type LogEvent, type OutputLine } from './log.ts';
import { readLines } from './output.ts';
import { isAlive, killIfAlive, untilGone } from './processes.ts';
import { addRunning, removeRunning } from './running.ts';
import { toTarget, type Target } from '../load/target.ts';

/** Longest wait for an event, and for the end after SIGTERM, unless something else is said, ms. */
const PATIENCE = 60_000;
/** After the end of the primary its last lines may still be on their way, and strangers may hold its stderr open, ms. */
const LAST_LINES = 1000;
/** How often is looked whether another primary answers, ms. */
const POLL = 20;

/** How the primary ended. Both null when it was not this process's child, but came by an upgrade. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How an operation ended well. */
export type Done = Extract<Outcome, { ok: true }>;

/**
 * A server that runs, seen from outside: its log, its output, and what can be asked of it. Owns the process and a directory
 * for the control socket; disposing of it stops the server and removes all.
 */
export class App implements AsyncDisposable {
  /** What it has written to stderr so far, line by line. */
  readonly output: OutputLine[] = [];
  /** What it has written to stdout so far. */
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
   * @internal `startServer` makes it.
   * @param child whose stdout and stderr are pipes, and nobody else's.
   * @param directory its PREFORK_RUNTIME_DIR, and nobody else's.
   */
  constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#pid = child.pid!;
    this.#directory = directory;
    this.#collect();
    addRunning(this);
  }

  /** Of the primary. An upgrade changes it. */
  get pid(): number {
    return this.#pid;
  }

  /** The events of prefork's log so far. */
  get log(): readonly LogEvent[] {
    return this.#log;
  }

  /** All of stderr so far: prefork's log as people read it, and what the application wrote itself. */
  get stderr(): string {
    return this.output.map(({ text }) => `${text}\n`).join('');
  }

  /**
   * Where it listens, as it says itself, in the order in which it said so: `127.0.0.1:8080`, `unix:/path`. A worker is ready
   * when its first server listens: for those after it, wait with `event('listening', { nth: 2 })`.
   */
  get addresses(): string[] {
    return [...new Set(this.#events('listening', {}).map(({ fields }) => String(fields['address'])))];
  }

  /** The first of its addresses. */
  get address(): string {
    const [first] = this.addresses;
    if (first === undefined) throw new Error('the application has not called listen');
    return first;
  }

  /** The first of its addresses, as `http.request` takes it. */
  get target(): Target {
    return toTarget(this.address);
  }

  /** All of its addresses, as `http.request` takes them. */
  get targets(): Target[] {
    return this.addresses.map(toTarget);
  }

  /**
   * The first such event in the log, or the `nth`, that has come or will.
   *
   * @param name `worker exited`
   * @param options.fields what it has to have, such as `{ slot: 0 }`; numbers and texts are compared as text.
   * @param options.within longest wait, ms; default 60 s.
   */
  event(
    name: string,
    options: { readonly fields?: LogEvent['fields']; readonly nth?: number; readonly within?: number } = {},
  ): Promise<LogEvent> {
    const { fields = {}, nth = 1, within = PATIENCE } = options;
    const pairs = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    const what = (): string => `"${[name, ...pairs].join(' ')}" in the log${nth === 1 ? '' : `, no. ${nth}`}`;
    return this.#changes.until(() => this.#events(name, fields)[nth - 1], what, within);
  }

  /** Of the worker in this slot, by what the log said last. */
  worker(slot: number): number {
    const pid = this.#events('worker ready', { slot }).at(-1)?.fields['pid'];
    if (pid === undefined) throw new Error(`slot ${slot} has no worker`);
    return Number(pid);
  }

  /** SIGKILL to the worker in this slot: what it has in flight is lost. @returns its pid. */
  kill(slot: number): number {
    const pid = this.worker(slot);
    this.#actions.add(`kill ${slot}`);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** To the primary. */
  signal(name: NodeJS.Signals): void {
    this.#actions.add(name);
    process.kill(this.#pid, name);
  }

  /** What runs: slots, generation, pids, state, load. */
  async status(): Promise<Status> {
    const status = (await get(this.#socket(), '/status')) as Status;
    this.#pid = status.pid;
    return status;
  }

  /** Replaces the workers. @throws OperationFailed with the reason and the stderr of the worker that did not come up. */
  reload(): Promise<Done> {
    return this.#actions.during('reload', () => operate(this.#socket(), 'reload'));
  }

  /**
   * Sets how many workers there are, or how many more or fewer.
   *
   * @example await app.scale(4); await app.scale({ by: -1 });
   */
  scale(workers: number | ScaleTarget): Promise<Done> {
    const target = typeof workers === 'number' ? { workers } : workers;
    const name = `scale ${'by' in target ? `by ${target.by}` : target.workers}`;
    return this.#actions.during(name, () => operate(this.#socket(), 'scale', target));
  }

  /** Replaces the primary itself. `pid` is the new one's when this settles. */
  upgrade(): Promise<Done> {
    return this.#actions.during('upgrade', () => this.#upgrade());
  }

  async #upgrade(): Promise<Done> {
    const before = this.#pid;
    this.#before.push(before);
    const done = await operate(this.#socket(), 'upgrade');
    const deadline = performance.now() + PATIENCE;
    // The old primary answers until the new one's socket is in its place.
    while ((await this.#primaryBeside(new Set([before]))) === undefined) {
      if (performance.now() > deadline) throw new Error(`upgraded, but pid ${before} still answers`);
      await delay(POLL);
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
   * Settles when nobody leaves any more: no worker finishes what is in flight, and no primary that was replaced is there.
   *
   * @internal
   */
  async settled(): Promise<void> {
    for (const pid of this.#before) await untilGone(pid);
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const { leaving, operation } = await this.status();
      if (leaving.length === 0 && operation === null) return;
      if (performance.now() > deadline) throw new Error(`${leaving.length} workers are still there that should leave`);
      await delay(POLL);
    }
  }

  /** SIGTERM, as systemd, Docker and Kubernetes stop a server; settles when it has ended. */
  async stop(): Promise<Exit> {
    // Another primary may have come by an upgrade that was not asked for here.
    await this.status().catch(() => {});
    if (this.#exit === undefined && isAlive(this.#pid)) this.signal('SIGTERM');
    return this.exit();
  }

  /** The end of the primary, that has come or will, also when it is no child of this process any more. */
  exit(): Promise<Exit> {
    return this.#changes.until(
      () => this.#exit,
      () => 'the end of the server',
      PATIENCE,
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
   * Ends primary and workers without grace, and removes all. Spares, which nobody counts here, end when they miss the primary.
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
    // Also when it breaks.
    const lastLines = once(stderr!, 'close').catch(() => {});
    this.#child.once('exit', (code, signal) => void this.#followTo({ code, signal }, lastLines));
  }

  /** The process that was started has ended. An upgrade ends it too, and then another one is the server. */
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
    await Promise.race([lastLines, delay(LAST_LINES)]);
    this.#exit = exit;
    this.#changes.over(`the server ended${describe(exit)}`);
  }

  /** The primary that lives, unless it is one of those. */
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
