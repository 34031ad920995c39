/** How a worker's process is made: the three ways, one for each kind of primary. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Cluster } from 'node:cluster';
import type { SpawnContext } from '../../options/index.ts';

const INHERITED = ['inherit', 'inherit', 'inherit', 'ipc'] as const;
const PIPED = ['inherit', 'pipe', 'pipe', 'ipc'] as const;

/** What node:cluster itself looks for before it gives each worker an inspector's port of its own. */
const INSPECTOR_FLAG = /--inspect(?:-brk|-port)?|--debug-port/;
const HIGHEST_PORT = 65_535;

export interface ForkOptions {
  /** Whether node:cluster's own primary is to accept for the workers. */
  readonly isRoundRobin: boolean;
  /** Their output comes by pipes, which are read here. */
  readonly isPiped: boolean;
  /** Each in a session of its own, without this process's controlling terminal. */
  readonly isDetached: boolean;
  /** The user's own way. */
  readonly spawnWorker: ((context: SpawnContext) => ChildProcess) | undefined;
}

/** `env` holds additions to this process's own. */
export type ForkWorker = (context: SpawnContext) => ChildProcess;

export function forkerFor({ isRoundRobin, isPiped, isDetached, spawnWorker }: ForkOptions): ForkWorker {
  const stdio = isPiped ? PIPED : INHERITED;
  if (isRoundRobin) return (context) => forkInCluster(context, stdio);
  let forked = 0;
  return ({ env, ...context }) => {
    // The variable by which node:cluster knows a worker; its other half, the primary's, is not there for this one.
    const full = { ...process.env, ...env, NODE_UNIQUE_ID: String(++forked) };
    if (spawnWorker !== undefined) return spawnWorker({ ...context, env: full });
    const { entry, args, execArgv } = context;
    const flags = [...execArgv, ...inspectorPort(execArgv, forked)];
    const child = fork(entry, args, { execArgv: flags, env: full, stdio: [...stdio], detached: isDetached });
    return answerFarewell(child);
  };
}

function forkInCluster(
  { entry, args, execArgv, env }: SpawnContext,
  stdio: typeof INHERITED | typeof PIPED,
): ChildProcess {
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  // Settings are node:cluster's own, one set for the process: they are set again before every fork.
  cluster.setupPrimary({ exec: entry, args: [...args], execArgv: [...execArgv], stdio: [...stdio] });
  const worker = cluster.fork(env);
  // What fails here is a message to a worker that is ending; without a listener it would end the primary.
  worker.on('error', () => {});
  return worker.process;
}

/** As node:cluster does: the n-th worker's inspector is n ports above the primary's. */
function inspectorPort(execArgv: readonly string[], nth: number): string[] {
  const isAsked = [...execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) => INSPECTOR_FLAG.test(flag));
  if (!isAsked) return [];
  const port = process.debugPort === 0 ? 0 : process.debugPort + nth;
  return [`--inspect-port=${port > HIGHEST_PORT ? 0 : port}`];
}

/**
 * Of node:cluster's protocol, the one message that a worker needs an answer to: `cluster.worker.disconnect()` leaves when the
 * primary knows that it is meant (lib/internal/cluster/child.js). Nothing else is served: by `queryServer`, a worker would have
 * the primary listen wherever it likes.
 */
function answerFarewell(child: ChildProcess): ChildProcess {
  return child.on('internalMessage', (message: unknown) => {
    const { cmd, act, seq } = (message ?? {}) as { cmd?: unknown; act?: unknown; seq?: unknown };
    if (cmd !== 'NODE_CLUSTER' || act !== 'exitedAfterDisconnect' || !Number.isSafeInteger(seq)) return;
    if (child.connected) child.send({ cmd: 'NODE_CLUSTER', ack: seq }, () => {});
  });
}
