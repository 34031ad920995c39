import { spawn, type ChildProcess } from 'node:child_process';
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
  #isKilled = false;
  /** The primary after an upgrade. */
  #next: { readonly server: RunningServer; readonly pid: number } | undefined;

  constructor({ name, argv, env, isPiped, uid }: AppCommand) {
    this.name = name;
    this.#uid = uid;
    const output = isPiped ? 'pipe' : 'inherit';
    this.child = spawn(process.execPath, argv, { env, stdio: ['inherit', output, output], detached: true });
    this.ended = this.#watch();
  }

  /** Signals the primary. One that is gone hears nothing, because its end is on the way. */
  signal(signal: NodeJS.Signals): void {
    if (this.#next === undefined) {
      this.child.kill(signal);
      return;
    }
    try {
      // The server itself has said what its pid is, and it may belong to another user: see `signalWorker`.
      signalWorker(this.#next.server, this.#next.pid, signal);
    } catch {
      // The process has ended since.
    }
  }

  /** Kills the primary, and waits for no other one: its user can have anything listen under its name. */
  kill(): void {
    this.#isKilled = true;
    this.signal('SIGKILL');
  }

  /**
   * The server as the commands find it; undefined when it does not answer yet. A server of another app's user may have
   * the same name.
   */
  async find(): Promise<RunningServer | undefined> {
    const servers = await runningServers(undefined, this.name).catch(() => []);
    return servers.find(({ owner }) => owner?.uid === this.#uid);
  }

  async #watch(): Promise<AppEnd> {
    const end = await new Promise<AppEnd>((resolve) => {
      this.child.once('error', () => resolve({ code: 1, signal: null }));
      this.child.once('exit', (code, signal) => resolve({ code: code ?? codeOf(signal), signal }));
    });
    if (end.code !== 0) return end;
    let last = this.child.pid;
    for (;;) {
      const next = await this.#successorOf(last);
      if (next === undefined) return end;
      this.#next = next;
      last = next.pid;
      while (!this.#isKilled && (await isRunning(next.server))) await delay(FOLLOW_MS);
      if (this.#isKilled || (await wasKilled(next.server))) return { code: 1, signal: null };
    }
  }

  /** Finds the primary that goes on under the name. */
  async #successorOf(pid: number | undefined): Promise<{ server: RunningServer; pid: number } | undefined> {
    const server = await this.find();
    if (server === undefined) return undefined;
    const status = await readStatus(server).catch(() => undefined);
    return status === undefined || status.pid === pid ? undefined : { server, pid: status.pid };
  }
}

/** The exit code by which shells tell of a signal. */
function codeOf(signal: NodeJS.Signals | null): number {
  return signal === null ? 1 : 128 + constants.signals[signal];
}
