/** Sends signals of root's commands to processes that another user's server has named. */
import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import type { Owner } from './directories.ts';

const SIGNAL = 'process.kill(Number(process.argv[1]), process.argv[2])';

/** The limit for a node, which starts within a tenth of a second. */
const PATIENCE_MS = 10_000;

/**
 * Signals a process with the rights of that user, when root calls it. The signal comes from a child process: the kernel
 * checks the real user of the sender, whatever the effective one is (kill(2)), and a process can only change its effective
 * user in a way that can be undone.
 *
 * That user can trace the child, or stop it. So the child has a session of its own, without root's terminal, and it is
 * killed when it takes too long.
 *
 * @param owner the user; with undefined, this process sends the signal itself.
 * @throws Error when the process may not be signalled, or is gone.
 */
export function signalAs(owner: Owner | undefined, pid: number, signal: NodeJS.Signals): void {
  // The server has said it. Text would be flags of node, and 0 or less a group of processes.
  if (!Number.isSafeInteger(pid) || pid <= 0) throw new Error('the pid of the process is none');
  if (owner === undefined || process.geteuid?.() !== 0) {
    process.kill(pid, signal);
    return;
  }
  const { uid, gid } = owner;
  const { status, error } = spawnSync(process.execPath, ['-e', SIGNAL, '--', String(pid), signal], {
    uid,
    gid,
    detached: true,
    cwd: '/',
    env: {},
    stdio: 'ignore',
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  } as SpawnSyncOptions);
  if (status !== 0) throw new Error(`uid ${uid} cannot signal pid ${pid}`, { cause: error });
}
