import { PreforkError, UsageError } from '../errors.ts';
import type { Account } from './account.ts';

/**
 * Makes this process the account's, for good: its groups, its group, its user, and what root's environment says of them. The
 * kernel closes the process to the account's other processes by that: they cannot trace it, nor read its environment (proc(5),
 * prctl(2) PR_SET_DUMPABLE).
 *
 * @throws PreforkError `ERR_INTERNAL` when root's rights could be had back.
 * @throws UsageError when this node does not change its user.
 */
export function become({ uid, gid, env }: Account): void {
  try {
    process.setgroups!([]);
  } catch (error) {
    // Node does not let a process change its user whose file operations the kernel may do as the one before.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_STATE') throw error;
    throw new UsageError(`--user: ${(error as Error).message} Start it without UV_USE_IO_URING`, { cause: error });
  }
  process.setgid!(gid);
  if (uid !== 0) process.setuid!(uid);
  if (uid !== 0 && canReturn()) throw new PreforkError('ERR_INTERNAL', `root's rights are not gone as uid ${uid}`);
  // The directory of root's session is none of the account's.
  delete process.env['XDG_RUNTIME_DIR'];
  Object.assign(process.env, env);
}

/**
 * Keeps SIGUSR1 from opening Node's inspector in this process, where each process of the same user could run code in it: what
 * the primary may ask of the binder, and the terminal that it was started in, are not the workers'.
 */
export function closeInspectorDoor(): void {
  process.on('SIGUSR1', () => {});
}

function canReturn(): boolean {
  try {
    process.setuid!(0);
    return true;
  } catch {
    return false;
  }
}
