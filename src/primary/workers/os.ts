/**
 * How decisions reach processes and the clock: the one module that forks and kills workers, and has the time of every decision. Tests
 * replace it by another `Os`.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay, clearTimeout } from 'node:timers';
import type { Program } from '../../options/index.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import { halfFile, preloadFile } from '../installation.ts';
import { forkerFor, forkHalf, type ForkOptions } from './fork.ts';

export interface Os {
  /** Returns the monotonic time in ms. */
  now(): number;
  /** Returns the CPU time that this process has used, ms. */
  cpuTime(): number;
  /** Starts a timer, and returns a function that cancels it. */
  after(ms: number, callback: () => void): () => void;
  fork(program: Program, slot: number, generation: number, env: Record<string, string>): ChildProcess;
  /** Starts the process of `--primary`, whose file is `primary`. */
  forkHalf(program: Program, primary: string): ChildProcess;
  /** Signals a process that is not a worker. A process that is gone already is no error. */
  signal(pid: number, signal: NodeJS.Signals): void;
  /** Signals a child. A process that is gone already is no error. */
  kill(child: ChildProcess, signal: NodeJS.Signals): void;
}

const PLAIN: ForkOptions = { isRoundRobin: false, isPiped: false, isDetached: false, spawnWorker: undefined };

/**
 * Makes the real operating system.
 *
 * @param options how workers are forked. @default as children that share this process's stdio and session
 */
export function realOs(options: Partial<ForkOptions> = {}): Os {
  const forkWorker = forkerFor({ ...PLAIN, ...options });
  return {
    now: monotonic,
    cpuTime() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    after(ms, callback) {
      const timer = delay(callback, ms);
      return () => clearTimeout(timer);
    },
    fork({ entry, args, execArgv, cwd, env: own = {} }, slot, generation, env) {
      const flags = [...execArgv, '--require', preloadFile];
      return forkWorker({ entry, args, execArgv: flags, cwd, env: { ...own, ...env }, slot, generation });
    },
    forkHalf: (program, primary) => forkHalf(halfFile, primary, program, { ...PLAIN, ...options }),
    signal(pid, signal) {
      try {
        process.kill(pid, signal);
      } catch {
        // The process has ended since.
      }
    },
    kill(child, signal) {
      // The handle is used and not the pid. Once the child has been reaped, the pid may belong to another process.
      child.kill(signal);
    },
  };
}
