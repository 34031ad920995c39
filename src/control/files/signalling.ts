/** Sends signals of root's commands to processes that another user's server has named. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Owner } from './directories.ts';

/** The program of the process that signals: it gives up root's rights, for good, and then uses those of the user. */
const SIGNAL = `
  const [, pid, signal, uid, gid] = process.argv;
  process.setgroups([]);
  process.setgid(Number(gid));
  process.setuid(Number(uid));
  process.kill(Number(pid), signal);`;

/** The limit for a node, which starts within a tenth of a second. */
const PATIENCE_MS = 10_000;

/**
 * Signals a process with the rights of that user, when root calls it. The signal comes from a child process: the kernel
 * checks the real user of the sender, whatever the effective one is (kill(2)), and a process can only change its effective
 * user in a way that can be undone.
 *
 * That user can stop the child as soon as it has the user's rights. So the child takes them itself, when its program runs. libuv would
 * change the user between fork and exec, and keep this process waiting for the exec of a child that is stopped there. A child that takes
 * too long is killed. It has a session of its own, without root's terminal, and the user cannot trace it (prctl(2), PR_SET_DUMPABLE).
 *
 * @param owner the user; with undefined, this process sends the signal itself.
 * @param patience how long the child may take, in ms.
 * @throws Error when the process may not be signalled, or is gone.
 */
export async function signalAs(
  owner: Owner | undefined,
  pid: number,
  signal: NodeJS.Signals,
  patience: number = PATIENCE_MS,
): Promise<void> {
  // The server has said it.
  if (!isPid(pid)) throw new Error('the pid of the process is none');
  if (owner === undefined || process.geteuid?.() !== 0) {
    process.kill(pid, signal);
    return;
  }
  const { uid, gid } = owner;
  const child = spawn(process.execPath, ['-e', SIGNAL, '--', ...[pid, signal, uid, gid].map(String)], {
    detached: true,
    cwd: '/',
    env: {},
    stdio: 'ignore',
    timeout: patience,
    killSignal: 'SIGKILL',
  });
  if (!(await succeeds(child))) throw new Error(`uid ${uid} cannot signal pid ${pid}`);
}

function succeeds(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0));
  });
}

/** Tells whether what a server calls a pid is one: text would be flags of node, and 0 or less means a group of processes. */
export function isPid(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
