/** Makes a worker's process in three ways, one for each kind of primary. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Cluster } from 'node:cluster';
import type { Program, SpawnContext } from '../../options/index.ts';
import { fieldsOf } from '../../contract/fields.ts';

const INHERITED = ['inherit', 'inherit', 'inherit', 'ipc'] as const;
const PIPED = ['inherit', 'pipe', 'pipe', 'ipc'] as const;

/** Matches the flags that node:cluster itself looks for before it gives each worker's inspector a port of its own. */
const INSPECTOR_FLAG = /--inspect(?:-brk|-port)?|--debug-port/;
const HIGHEST_PORT = 65_535;

export interface ForkOptions {
  /** True when node:cluster's own primary accepts for the workers. */
  readonly isRoundRobin: boolean;
  /** True when the workers' output comes through pipes, which the primary reads. */
  readonly isPiped: boolean;
  /** True when each worker runs in a session of its own, without this process's controlling terminal. */
  readonly isDetached: boolean;
  /** The user's own way to make a process. */
  readonly spawnWorker: ((context: SpawnContext) => ChildProcess) | undefined;
}

/** Makes a process. `env` contains additions to this process's own environment. */
export type ForkWorker = (context: SpawnContext) => ChildProcess;

export function forkerFor({ isRoundRobin, isPiped, isDetached, spawnWorker }: ForkOptions): ForkWorker {
  const stdio = isPiped ? PIPED : INHERITED;
  if (isRoundRobin) return (context) => forkInCluster(context, stdio);
  let forked = 0;
  return ({ env, ...context }) => {
    // node:cluster recognises a worker by this variable. The primary's half of node:cluster is not loaded here.
    const full = { ...process.env, ...env, NODE_UNIQUE_ID: String(++forked) };
    if (spawnWorker !== undefined) return spawnWorker({ ...context, env: full });
    const { entry, args, execArgv, cwd } = context;
    const flags = [...execArgv, ...inspectorPort(execArgv, forked)];
    const child = fork(entry, args, { execArgv: flags, cwd, env: full, stdio: [...stdio], detached: isDetached });
    return answerFarewell(child);
  };
}

/** Starts the process of `--primary` as a worker is started, but that it is none to node:cluster. */
export function forkHalf(
  program: string,
  primary: string,
  { execArgv, cwd, env }: Pick<Program, 'execArgv' | 'cwd' | 'env'>,
  { isPiped, isDetached }: ForkOptions,
): ChildProcess {
  const isInspected = [...execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) => INSPECTOR_FLAG.test(flag));
  const flags = isInspected ? [...execArgv, '--inspect-port=0'] : [...execArgv];
  const stdio = [...(isPiped ? PIPED : INHERITED)];
  return fork(program, [primary], {
    execArgv: flags,
    cwd,
    env: { ...process.env, ...env },
    stdio,
    detached: isDetached,
  });
}

function forkInCluster(
  { entry, args, execArgv, cwd, env }: SpawnContext,
  stdio: typeof INHERITED | typeof PIPED,
): ChildProcess {
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  // node:cluster has one set of settings for the whole process, so they are set again before every fork.
  const plain = { exec: entry, args: [...args], execArgv: [...execArgv], stdio: [...stdio] };
  // The settings of the fork before stay where none are given.
  cluster.setupPrimary({ ...plain, cwd: cwd ?? process.cwd() });
  const worker = cluster.fork(env);
  // A failure here is a message to a worker that is ending. Without a listener it would end the primary.
  worker.on('error', () => {});
  return worker.process;
}

/** Chooses the inspector's port as node:cluster does: the n-th worker's port is n above the primary's. */
function inspectorPort(execArgv: readonly string[], nth: number): string[] {
  const isAsked = [...execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) => INSPECTOR_FLAG.test(flag));
  if (!isAsked) return [];
  const port = process.debugPort === 0 ? 0 : process.debugPort + nth;
  return [`--inspect-port=${port > HIGHEST_PORT ? 0 : port}`];
}

/**
 * Answers the one message of node:cluster's protocol whose answer a worker needs. `cluster.worker.disconnect()` only
 * leaves when the primary knows that this is intended (lib/internal/cluster/child.js). No other message is served: by
 * `queryServer`, a worker could make the primary listen anywhere. It is answered once: a worker that does not read must not fill the
 * primary's memory with answers.
 */
function answerFarewell(child: ChildProcess): ChildProcess {
  let isAnswered = false;
  return child.on('internalMessage', (message: unknown) => {
    const { cmd, act, seq } = fieldsOf(message);
    if (cmd !== 'NODE_CLUSTER' || act !== 'exitedAfterDisconnect' || !Number.isSafeInteger(seq) || isAnswered) return;
    isAnswered = true;
    if (child.connected) child.send({ cmd: 'NODE_CLUSTER', ack: seq }, () => {});
  });
}
