/**
 * The primary's only way to the operating system: the one module that forks, kills and reads clocks. Tests put another
 * `Os` in its place.
 */
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { setTimeout as delay, clearTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import type { SpawnContext } from '../options/index.ts';
import { monotonic } from '../scoreboard/clock.ts';

const preload = fileURLToPath(new URL('../worker/preload.cjs', import.meta.url));

/** What is run in a worker. */
export interface Program {
  readonly entry: string;
  readonly args: readonly string[];
  /** Flags for node itself. */
  readonly execArgv: readonly string[];
}

export interface Os {
  /** Monotonic, ms. */
  now(): number;
  /** @returns what cancels it. */
  after(ms: number, callback: () => void): () => void;
  fork(program: Program, slot: number, generation: number, env: Record<string, string>): ChildProcess;
  /** Where the JavaScript of another process is, though its event loop does not turn; or why that cannot be told. */
  stackOf(pid: number): Promise<string>;
  /** A process that is gone already is no error. */
  kill(child: ChildProcess, signal: NodeJS.Signals): void;
}

/** @param spawnWorker makes the process instead of node:cluster. */
export function realOs(spawnWorker?: (context: SpawnContext) => ChildProcess): Os {
  let spawned = 0;
  return {
    now: monotonic,
    after(ms, callback) {
      const timer = delay(callback, ms);
      return () => clearTimeout(timer);
    },
    fork({ entry, args, execArgv: given }, slot, generation, env) {
      const execArgv = [...given, '--require', preload];
      if (spawnWorker === undefined) {
        // Settings are node:cluster's own, one set for the process: they are set again before every fork.
        cluster.setupPrimary({ exec: entry, args: [...args], execArgv });
        const worker = cluster.fork(env);
        // What fails here is a message to a worker that is ending; without a listener it would end the primary.
        worker.on('error', () => {});
        return worker.process;
      }
      // The variable by which node:cluster knows a worker; its other half, the primary's, is not there for this one.
      const full = { ...process.env, ...env, NODE_UNIQUE_ID: String(++spawned) };
      return spawnWorker({ entry, args, execArgv, env: full, slot, generation });
    },
    stackOf: () => Promise.resolve('unknown'),
    kill(child, signal) {
      // By its handle, not its pid: once it was waited for, the pid may be another process's.
      child.kill(signal);
    },
  };
}
