import { PreforkError, UsageError } from '../errors.ts';
import type { Account } from './account.ts';

let hasLeft = false;

/** Tells whether this process was root's, and has become another user's. */
export function hasLeftRoot(): boolean {
  return hasLeft;
}

/**
 * Makes this process the account's, for good: its groups, its group, its user, and what root's environment says about
 * them. The kernel then closes the process to the account's other processes. They cannot trace it or read its
 * environment (proc(5), prctl(2) PR_SET_DUMPABLE).
 *
 * @throws PreforkError `ERR_INTERNAL` when the process could regain root's rights.
 * @throws UsageError when this node cannot change its user.
 */
export function become({ uid, gid, env }: Account): void {
  try {
    process.setgroups!([]);
  } catch (error) {
    // Node refuses to change the user while the kernel may execute its file operations as the old one (io_uring).
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_STATE') throw error;
    throw new UsageError(`--user: ${(error as Error).message} Start the server without UV_USE_IO_URING`, {
      cause: error,
    });
  }
  process.setgid!(gid);
  if (uid !== 0) process.setuid!(uid);
  if (uid !== 0 && canReturn()) throw new PreforkError('ERR_INTERNAL', `root's rights are not gone as uid ${uid}`);
  hasLeft = uid !== 0;
  // The runtime directory of root's session does not belong to the account.
  delete process.env['XDG_RUNTIME_DIR'];
  Object.assign(process.env, env);
}

/**
 * Keeps SIGUSR1 from opening Node's inspector in this process. Each process of the same user could otherwise run code
 * in it. Workers must not get what the primary may ask of the binder, or the terminal that it was started in.
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
