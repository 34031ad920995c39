import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';

/** A dying process closes its channels a moment before its children get another parent. */
const REPARENTED_WITHIN = 100;

/**
 * What a worker does when its channel to the primary closes. Mostly the primary is gone; but the application may also
 * have called `process.disconnect()`, and then what all workers share is not this one's to remove.
 *
 * node:cluster would exit the worker at once, in the middle of its requests, unless `exitedAfterDisconnect` is set by
 * then; so this listener comes before its own.
 *
 * @param finish drains; the worker ends when it settles, or after `gracePeriod` ms.
 */
export function onDisconnected(finish: (isOrphan: boolean) => Promise<void>, gracePeriod: number): void {
  const parent = process.ppid;
  process.prependOnceListener('disconnect', () => {
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
    // Nobody is left who would kill a worker that does not end.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), gracePeriod).unref();
    void isGone(parent).then(async (isOrphan) => {
      await finish(isOrphan).catch((error: unknown) => console.error('prefork: draining failed:', error));
      leave(isOrphan);
    });
  });
}

async function isGone(parent: number): Promise<boolean> {
  for (let waited = 0; waited < REPARENTED_WITHIN; waited += 10) {
    if (process.ppid !== parent) return true;
    await delay(10);
  }
  return false;
}

/**
 * The application's own handlers run, as at any stop. Without one the signal would end the process on the spot; where the
 * application closed the channel itself, its listeners to 'exit' run first, as they do in node:cluster. An orphan can be sure
 * of the signal only.
 */
function leave(isOrphan: boolean): void {
  if (!isOrphan && process.listenerCount('SIGTERM') === 0) process.exit();
  process.kill(process.pid, 'SIGTERM');
}
