/** Runs `--primary`: the application's half of what node:cluster's users run in their primary, in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import type { Program } from '../../options/index.ts';
import type { WorkerId } from '../fleet/ids.ts';
import { LONGEST_LINE_BYTES, type Excess } from '../../ipc/intake.ts';
import type { Log } from '../telemetry/log.ts';
import type { Os } from '../workers/os.ts';
import { isReplaced } from '../installation.ts';
import { HalfProcess, type HalfEvents } from './half-process.ts';
import { Mail, type Refusal } from './mail.ts';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A process that has run for so long has not failed to start. */
const PROVEN_MS = 10_000;
/** What is dropped is told once in this time. */
const QUIET_MS = 60_000;
/** How long it may take to end when all workers have ended, and the server waits for nothing else. */
const LAST_MS = 5000;

export interface HalfParts {
  readonly os: Os;
  readonly log: Log;
  /** Reads what the process writes, where that goes through the primary. */
  readonly output: { follow(child: ChildProcess, name: () => string): void } | undefined;
  /** Returns what is run now, whether it is still on the disk or not; `primary` is undefined where there is no half. */
  readonly current: () => Program;
  /** Returns the same, or what has taken its place on the disk. @throws Error when there is nothing. */
  readonly program: () => Program;
  readonly settings: () => { readonly readyTimeout: number; readonly shutdownGracePeriod: number };
  /** The workers that there are, with their pids. */
  readonly workers: () => Iterable<readonly [WorkerId, number]>;
  /** Sends a message of the application to a worker. Returns false when the worker has too much to read. */
  readonly tell: (worker: WorkerId, message: unknown) => boolean;
}

interface Running {
  readonly process: HalfProcess;
  readonly program: Program;
  readonly since: number;
  cancel: () => void;
}

/**
 * The object owns the process, the one that is to replace it, and their deadlines. The process is started anew when it ends, after
 * a wait that grows, and replaced after each reload. `close` ends it.
 */
export class PrimaryHalf {
  readonly #parts: HalfParts;
  readonly #mail = new Mail<WorkerId | 'half'>();
  /** The one that hears the workers. */
  #serving: Running | undefined;
  /** The one whose program is still being loaded. */
  #booting: Running | undefined;
  readonly #leaving = new Map<HalfProcess, () => void>();
  #failures = 0;
  #cancelRestart: () => void = () => {};
  #isClosed = false;
  #toldAt = -Infinity;
  #allLeft: () => void = () => {};

  constructor(parts: HalfParts) {
    this.#parts = parts;
  }

  /** Whether there is to be such a process. What workers send while it does not run waits for it. */
  get isWanted(): boolean {
    return !this.#isClosed && this.#parts.current().primary !== undefined;
  }

  start(): void {
    this.#cancelRestart();
    if (this.#isClosed || this.#booting !== undefined) return;
    const { os, log, output, settings } = this.#parts;
    let child: ChildProcess;
    let program = this.#parts.current();
    try {
      // The disk matters only to who wants something from there.
      if (program.primary !== undefined) program = this.#parts.program();
      if (program.primary === undefined) return this.#endServing();
      child = os.forkHalf(program, program.primary);
    } catch (error) {
      log('primary half failed', { pid: undefined, code: undefined, signal: undefined, why: String(error) });
      return this.#startAgain();
    }
    output?.follow(child, () => 'primary');
    const process: HalfProcess = new HalfProcess(
      child,
      {
        said: (message) => this.#said(process, message),
        dropped: (why) => this.dropped(why),
        offended: (what) => {
          log('primary half failed', { pid: child.pid, code: undefined, signal: undefined, why: `it sent ${what}` });
          os.kill(child, 'SIGKILL');
        },
        exited: (code, signal) => this.#exited(process, code, signal),
      },
      isReplaced(),
    );
    const cancel = os.after(settings().readyTimeout, () => os.kill(child, 'SIGKILL'));
    this.#booting = { process, program, since: os.now(), cancel };
  }

  /** What is run may be another program now. */
  renew(): void {
    this.#end(this.#booting);
    this.#booting = undefined;
    this.#failures = 0;
    this.start();
  }

  /** What is run is what was before. The process is replaced where it has what is left. */
  goBack(): void {
    const running = this.#booting ?? this.#serving;
    if (running !== undefined && running.program !== this.#parts.current()) this.renew();
  }

  /** Asks whether descriptors wait in its channel: see `Settling`. */
  settle(onlyOverdue: boolean): void {
    this.#booting?.process.settle(onlyOverdue);
    this.#serving?.process.settle(onlyOverdue);
  }

  forked(worker: WorkerId, pid: number): void {
    this.#serving?.process.send({ type: 'forked', worker, pid });
  }

  gone(worker: WorkerId, code: number | null, signal: NodeJS.Signals | null): void {
    this.#mail.forget(worker);
    this.#serving?.process.send({ type: 'gone', worker, code, signal });
  }

  /** Takes what a worker has sent, which is not trusted. */
  said(worker: WorkerId, message: unknown): void {
    if (!this.#mail.admits(worker, this.#parts.os.now())) return this.dropped('too many');
    const passed =
      this.#serving === undefined
        ? this.#mail.hold(worker, message)
        : this.#serving.process.send({ type: 'said', worker, message });
    if (!passed) this.dropped('too much waits');
  }

  /** @returns a promise that settles when no process is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRestart();
    const within = Math.min(this.#parts.settings().shutdownGracePeriod, LAST_MS);
    this.#end(this.#booting, within);
    this.#end(this.#serving, within);
    if (this.#leaving.size > 0) await new Promise<void>((resolve) => (this.#allLeft = resolve));
  }

  #said(from: HalfProcess, message: Parameters<HalfEvents['said']>[0]): void {
    if (message.type === 'ready') return this.#ready(from);
    if (!this.#mail.admits('half', this.#parts.os.now())) return this.dropped('too many');
    if (!this.#parts.tell(message.worker, message.message)) this.dropped('worker is full');
  }

  #ready(process: HalfProcess): void {
    const booted = this.#booting;
    if (booted?.process !== process) return;
    const { os, log, workers } = this.#parts;
    booted.cancel();
    booted.cancel = () => {};
    this.#booting = undefined;
    this.#end(this.#serving);
    this.#serving = booted;
    log('primary half ready', { pid: process.child.pid, took: os.now() - booted.since });
    for (const [worker, pid] of workers()) process.send({ type: 'forked', worker, pid });
    for (const { from, message } of this.#mail.release()) {
      if (from !== 'half') process.send({ type: 'said', worker: from, message });
    }
  }

  #exited(process: HalfProcess, code: number | null, signal: NodeJS.Signals | null): void {
    const left = this.#leaving.get(process);
    if (left !== undefined) {
      left();
      this.#leaving.delete(process);
      if (this.#leaving.size === 0) this.#allLeft();
      return;
    }
    const { os, log } = this.#parts;
    const isBooting = this.#booting?.process === process;
    const ended = isBooting ? this.#booting : this.#serving;
    ended?.cancel();
    const lasted = os.now() - (ended?.since ?? 0);
    if (isBooting) this.#booting = undefined;
    else this.#serving = undefined;
    const why = isBooting ? 'its program was not loaded' : undefined;
    log('primary half failed', { pid: process.child.pid, code: code ?? undefined, signal: signal ?? undefined, why });
    if (!isBooting && lasted > PROVEN_MS) this.#failures = 0;
    // The one before serves on after a reload whose half does not start.
    if (!isBooting || this.#serving === undefined) this.#startAgain();
  }

  #startAgain(): void {
    if (this.#isClosed) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
    this.#cancelRestart = this.#parts.os.after(wait, () => this.start());
  }

  #endServing(): void {
    this.#end(this.#serving);
    this.#serving = undefined;
  }

  #end(running: Running | undefined, within: number = this.#parts.settings().shutdownGracePeriod): void {
    if (running === undefined || running.process.hasEnded) return;
    const { os } = this.#parts;
    const { process, cancel } = running;
    cancel();
    // The word goes by the channel, so that it comes after what workers said before.
    if (!process.send({ type: 'end' })) os.kill(process.child, 'SIGTERM');
    const kill = (): void => os.kill(process.child, 'SIGKILL');
    this.#leaving.set(process, os.after(within, kill));
  }

  /** Tells, once in a while, that a message of the application went nowhere. */
  dropped(why: keyof typeof DROPPED): void {
    const { os, log } = this.#parts;
    if (os.now() - this.#toldAt < QUIET_MS) return;
    this.#toldAt = os.now();
    log('message dropped', { why: DROPPED[why] });
  }
}

const DROPPED: Readonly<Record<Refusal | Excess | 'worker is full', string>> = {
  'too long': `one that the application sent is longer than ${LONGEST_LINE_BYTES} bytes`,
  'too large':
    'one that the application sent has more than 65536 keys that differ, more than 1000 levels, or mostly values of a few bytes',
  'too many': 'a worker, or the half itself, sends more than 10000 messages a second',
  'too much waits': 'the half does not read what waits for it, or does not run',
  'worker is full': 'a worker does not read what the half sends it',
};
