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
import type { Account } from './users.ts';

const preload = fileURLToPath(new URL('../worker/preload.cjs', import.meta.url));

/** What is run in a worker. */
export interface Program {
  readonly entry: string;
  readonly args: readonly string[];
  /** Flags for node itself. */
  readonly execArgv: readonly string[];
}

const INHERITED = ['inherit', 'inherit', 'inherit', 'ipc'] as const;
const PIPED = ['inherit', 'pipe', 'pipe', 'ipc'] as const;

export interface Os {
  /** Monotonic, ms. */
  now(): number;
  /** @returns what cancels it. */
  after(ms: number, callback: () => void): () => void;
  fork(program: Program, slot: number, generation: number, env: Record<string, string>): ChildProcess;
  /** A process that is gone already is no error. */
  kill(child: ChildProcess, signal: NodeJS.Signals): void;
}

export interface OsOptions {
  /** Makes the process instead of node:cluster. */
  readonly spawnWorker?: ((context: SpawnContext) => ChildProcess) | undefined;
  /** Whom workers run as; undefined: as the primary does. */
  readonly account?: Account | undefined;
  /** Their output comes by pipes, which somebody reads. @default false */
  readonly isPiped?: boolean;
}

export function realOs({ spawnWorker, account, isPiped = false }: OsOptions): Os {
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
        const ids = account && { uid: account.uid, gid: account.gid };
        const stdio = isPiped ? PIPED : INHERITED;
        cluster.setupPrimary({ exec: entry, args: [...args], execArgv, stdio: [...stdio], ...ids });
        const worker = cluster.fork({ ...account?.env, ...env });
        // What fails here is a message to a worker that is ending; without a listener it would end the primary.
        worker.on('error', () => {});
        return worker.process;
      }
      // The variable by which node:cluster knows a worker; its other half, the primary's, is not there for this one.
      const full = { ...process.env, ...env, NODE_UNIQUE_ID: String(++spawned) };
      return spawnWorker({ entry, args, execArgv, env: full, slot, generation });
    },
    kill(child, signal) {
      // By its handle, not its pid: once it was waited for, the pid may be another process's.
      child.kill(signal);
    },
  };
}
