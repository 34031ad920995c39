/** Starts a system, waits until it answers, and ends all of it. */

import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './command.ts';
import type { Placement } from './placement.ts';
import { marked, tree } from './processes.ts';
import type { App, Command, Running, Setting, System } from './system.ts';
import { paths } from './paths.ts';
import { until } from './wait.ts';
import type { Workplace } from './workplace.ts';

/** How long a system may take to give its first answer. */
const START_TIMEOUT = 30_000;
/** How long it may take to end before it is killed. */
const STOP_TIMEOUT = 8_000;

export interface Grounds {
  readonly workplace: Workplace;
  readonly placement: Placement;
  readonly iterationsPerMs: number;
}

export async function newSetting(grounds: Grounds, app: App, workers: number): Promise<Setting> {
  const { workplace, iterationsPerMs } = grounds;
  const port = await workplace.newPort();
  const directory = workplace.newDirectory();
  return {
    app,
    entry: paths.app(app),
    port,
    workers,
    directory,
    node: workplace.node,
    environment: workplace.environment(port, directory, iterationsPerMs),
  };
}

/**
 * Owns every process that the system starts. `stop()` ends them as the system wants it, then whatever is left with
 * SIGKILL, and is idempotent.
 */
export class Server implements Running {
  readonly system: System;
  readonly setting: Setting;
  readonly commandLine: string;
  /** When the command was spawned, performance.now(). */
  readonly startedAt: number;
  supervisor: number;
  readonly #child: ChildProcess;
  readonly #workplace: Workplace;
  /** The loads that it has had: it is warmed up once for each. */
  readonly warmedBy = new Set<string>();
  #log = '';
  #endBeside: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(system: System, setting: Setting, grounds: Grounds) {
    const { argv, environment, directory } = system.command(setting);
    const [file, ...args] = [...grounds.placement.serverPrefix, ...argv];
    this.system = system;
    this.setting = setting;
    this.commandLine = argv.join(' ');
    this.#workplace = grounds.workplace;
    this.startedAt = performance.now();
    this.#child = spawn(file!, args, {
      cwd: directory ?? setting.directory,
      env: { ...setting.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A session of its own: a worker whose parent died is still found by it.
      detached: true,
    });
    if (this.#child.pid === undefined) throw new Error(`${this.commandLine}: could not be started`);
    this.supervisor = this.#child.pid;
    grounds.workplace.sessions.add(this.supervisor);
    for (const channel of [this.#child.stdout, this.#child.stderr]) {
      channel!.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    }
  }

  static async start(system: System, setting: Setting, grounds: Grounds): Promise<Server> {
    await system.prepare?.(setting);
    return new Server(system, setting, grounds);
  }

  log = (): string => this.#log;

  run = ({ argv, environment, directory }: Command): Promise<string> =>
    run(argv, { cwd: directory ?? this.setting.directory, env: { ...this.setting.environment, ...environment } });

  get pids(): number[] {
    return [this.supervisor];
  }

  /** Until `answers` says that it serves. Throws with the server's log when it ends or takes too long. */
  async ready(answers: () => Promise<boolean>, everyMs = 5): Promise<void> {
    const ended = (): boolean => this.#child.exitCode !== null && this.system.daemon === undefined;
    try {
      const isUp = async (): Promise<boolean> => {
        if (ended()) throw new Error(`ended with exit code ${this.#child.exitCode}`);
        return answers();
      };
      await until(isUp, START_TIMEOUT, 'its first answer', everyMs);
      if (this.system.daemon !== undefined) this.supervisor = await this.system.daemon(this.setting);
      this.#endBeside = await this.system.beside?.(this);
    } catch (error) {
      await this.stop();
      throw new Error(`${this.system.title}: ${String(error)}\n${this.commandLine}\n${this.#log}`, { cause: error });
    }
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#end());
  }

  async #end(): Promise<void> {
    const alive = (): boolean => tree(this.pids).some(({ pid }) => pid === this.supervisor);
    try {
      if (this.system.stop !== undefined) await this.system.stop(this);
      else if (alive()) process.kill(this.supervisor, 'SIGTERM');
      await until(() => !alive(), STOP_TIMEOUT, 'its end');
      // Its children may be a moment behind it.
      for (let i = 0; i < 20 && tree(this.pids).length > 0; i++) await sleep(10);
    } catch {
      // What does not end as asked is killed below, like what its supervisor left behind.
    }
    for (const pid of new Set([...tree(this.pids).map((process) => process.pid), ...marked(this.#workplace.mark)]))
      kill(pid);
    this.#workplace.sessions.delete(this.#child.pid!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#endBeside?.();
    } finally {
      await this.stop();
    }
  }
}

/** A process may end between being found and being killed. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
}
