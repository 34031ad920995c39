import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import {
  isRunning,
  readStatus,
  runningServers,
  signalWorker,
  wasKilled,
  type RunningServer,
} from '../../control/client.ts';
import { parseStat, type ProcessStat } from '../../contract/process-stat.ts';
import type { Status } from '../../control/controls.ts';

/** How often a primary that is not our child is looked at. */
const FOLLOW_MS = 250;

export interface AppCommand {
  readonly name: string;
  /** The arguments of node, from its own flags to those of prefork. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether its output comes through pipes. */
  readonly isPiped: boolean;
  /** The user that it becomes; undefined when it stays this process's own. */
  readonly uid: number | undefined;
}

/** The signals that ask an app to end. */
export const STOPS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/** How an app ended: with the exit code of its primary. */
export interface AppEnd {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

/**
 * An application: a primary in a session of its own, so that what a terminal sends to this process does not reach it
 * twice. After an upgrade another process is the primary, which is no child of ours. It is found by the app's name.
 *
 * The object owns the process, and `ended` settles when it, and any primary after it, has ended.
 */
export class AppProcess {
  readonly name: string;
  readonly ended: Promise<AppEnd>;
  readonly child: ChildProcess;
  readonly #uid: number | undefined;
  /** When the child was started, in the kernel's ticks; NaN where that is not known. */
  readonly #startedAt: number;
  #isKilled = false;
  /** Whether the child has answered under the name. Before that, an answer comes from a server that had the name already. */
  #isFound = false;
  /** The primary that is followed to its end; undefined between two. */
  #followed: Primary | undefined;
  /** The primary that was the last to answer. */
  #latest: Primary;
  /** All stops so far. A primary that comes after them hears of them, too. */
  readonly #stops: NodeJS.Signals[] = [];
  /** What came between two primaries. */
  readonly #unheard: NodeJS.Signals[] = [];

  constructor({ name, argv, env, isPiped, uid }: AppCommand) {
    this.name = name;
    this.#uid = uid;
    const output = isPiped ? 'pipe' : 'inherit';
    this.child = spawn(process.execPath, argv, { env, stdio: ['inherit', output, output], detached: true });
    this.#startedAt = Number(statOf(this.child.pid)?.startedAt);
    this.#followed = this.#latest = new Primary(this.child.pid, (signal) => this.child.kill(signal));
    this.ended = this.#watch();
  }

  /**
   * Signals the primary. In an upgrade that is the next one as soon as it answers, while the one before is followed until
   * its last worker has ended. A stop is for both.
   */
  signal(signal: NodeJS.Signals): void {
    const isStop = STOPS.includes(signal);
    if (isStop) {
      this.#stops.push(signal);
      this.#followed?.hearStops(this.#stops);
    }
    void this.#answering().then((answering) => {
      const primary = answering ?? this.#followed;
      if (isStop) primary?.hearStops(this.#stops);
      else if (primary === undefined) this.#unheard.push(signal);
      else primary.hear(signal);
    });
  }

  /** Kills the primary, and waits for no other one: its user can have anything listen under its name. */
  kill(): void {
    this.#isKilled = true;
    this.#followed?.hear('SIGKILL');
    this.#latest.hear('SIGKILL');
  }

  /** Tells whether the app serves: its own primary, and not a server that had the name before. */
  async isServing(): Promise<boolean> {
    const { status } = (await this.#find()) ?? {};
    if (!this.#isFound && status !== undefined && this.#isOwn(status.pid)) {
      this.#isFound = true;
      this.#latest.pid = status.pid;
    }
    return this.#isFound && status?.phase === 'serving';
  }

  /** Root's terminal has the process that was started stay between itself and the primary of another user: see `leaveTerminal`. */
  #isOwn(pid: number): boolean {
    const own = this.child.pid;
    return own !== undefined && (pid === own || statOf(pid)?.parent === own);
  }

  async #watch(): Promise<AppEnd> {
    const end = await new Promise<AppEnd>((resolve) => {
      this.child.once('error', () => resolve({ code: 1, signal: null }));
      this.child.once('exit', (code, signal) => resolve({ code: code ?? codeOf(signal), signal }));
    });
    if (end.code !== 0) return end;
    let last = this.#followed;
    // The next one is told what comes from now on.
    this.#followed = undefined;
    this.#isFound ||= await this.#isSucceeded();
    for (;;) {
      const next = await this.#answering();
      if (next?.server === undefined || next === last) return end;
      this.#followed = next;
      if (this.#isKilled) next.hear('SIGKILL');
      next.hearStops(this.#stops);
      for (const signal of this.#unheard.splice(0)) next.hear(signal);
      while (!this.#isKilled && (await isRunning(next.server))) await delay(FOLLOW_MS);
      if (this.#isKilled || (await wasKilled(next.server))) return { code: 1, signal: null };
      last = next;
      this.#followed = undefined;
    }
  }

  /**
   * Whether a child that ended before it was found has been upgraded. A server that had the name already has an older primary, and one
   * that took it later could not have while the child had it.
   */
  async #isSucceeded(): Promise<boolean> {
    const { status } = (await this.#find()) ?? {};
    return Number(statOf(status?.pid)?.startedAt) > this.#startedAt;
  }

  /** Finds the primary that answers now; undefined when none of this app does. */
  async #answering(): Promise<Primary | undefined> {
    if (!this.#isFound) return undefined;
    const { server, status } = (await this.#find()) ?? {};
    if (server === undefined || status === undefined) return undefined;
    if (status.pid !== this.#latest.pid) {
      // The server itself says what its pid is, and it may belong to another user: see `signalWorker`.
      this.#latest = new Primary(status.pid, (signal) => signalWorker(server, status.pid, signal), server);
    }
    return this.#latest;
  }

  /**
   * The server as the commands find it; undefined when none answers. A server of another app's user may have the same
   * name.
   */
  async #find(): Promise<{ server: RunningServer; status: Status } | undefined> {
    const servers = await runningServers(undefined, this.name).catch(() => []);
    const server = servers.find(({ owner }) => owner?.uid === this.#uid);
    const status = server && (await readStatus(server).catch(() => undefined));
    return server && status && { server, status };
  }
}

/** A primary that the app has, or had. An upgrade makes another one. */
class Primary {
  /** The pid that its server says. */
  pid: number | undefined;
  /** Set for one that is no child of this process. */
  readonly server: RunningServer | undefined;
  readonly #send: (signal: NodeJS.Signals) => unknown;
  /** Tells it from a later process of the same pid. */
  readonly #startedAt: string | undefined;
  #heardStops = 0;

  constructor(pid: number | undefined, send: (signal: NodeJS.Signals) => unknown, server?: RunningServer) {
    this.pid = pid;
    this.#send = send;
    this.server = server;
    this.#startedAt = server && statOf(pid)?.startedAt;
  }

  /** Signals it. One that has ended hears nothing. Its user can make this take long, and no other app waits for it. */
  hear(signal: NodeJS.Signals): void {
    if (this.server !== undefined && statOf(this.pid)?.startedAt !== this.#startedAt) return;
    void (async () => this.#send(signal))().catch(() => {});
  }

  /** Tells it of those that it has not heard of. */
  hearStops(stops: readonly NodeJS.Signals[]): void {
    for (const signal of stops.slice(this.#heardStops)) this.hear(signal);
    this.#heardStops = stops.length;
  }
}

function statOf(pid: number | undefined): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** The exit code by which shells tell of a signal. */
function codeOf(signal: NodeJS.Signals | null): number {
  return signal === null ? 1 : 128 + constants.signals[signal];
}
