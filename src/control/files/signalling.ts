/** Signals of root's commands to processes that another user's server has named. */
import { spawnSync } from 'node:child_process';
import type { Owner } from './directories.ts';

const SIGNAL = 'process.kill(Number(process.argv[1]), process.argv[2])';

/** A node starts within a tenth of a second, ms. */
const PATIENCE_MS = 10_000;

/**
 * Signals a process with the rights of that user, for root. In a process of its own: the kernel lets a process signal all that its
 * real user may, whatever its effective one is (kill(2)), and Node changes the effective one alone in a way that can be undone.
 *
 * @param owner undefined: does it as it is.
 * @throws Error when it may not be signalled, or is gone.
 */
export function signalAs(owner: Owner | undefined, pid: number, signal: NodeJS.Signals): void {
  if (owner === undefined || process.geteuid?.() !== 0) {
    process.kill(pid, signal);
    return;
  }
  const { uid, gid } = owner;
  const { status, error } = spawnSync(process.execPath, ['-e', SIGNAL, String(pid), signal], {
    uid,
    gid,
    cwd: '/',
    env: {},
    stdio: 'ignore',
    timeout: PATIENCE_MS,
  });
  if (status !== 0) throw new Error(`uid ${uid} cannot signal pid ${pid}`, { cause: error });
}
