import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { StopSignal } from './stop-signal.ts';

/** A dying process closes its channels a moment before its children get another parent. */
const REPARENTED_WITHIN_MS = 100;

/**
 * What a worker does when its channel to the primary closes. Mostly the primary is gone. But the application may also
 * have called `process.disconnect()`, and then this worker must not remove what all workers share.
 *
 * node:cluster would exit the worker at once, in the middle of its requests, unless `exitedAfterDisconnect` is set by
 * then. So this listener comes before that of node:cluster.
 *
 * @param finish drains. The worker ends when its promise settles, or after `gracePeriod` ms.
 */
export function onDisconnected(
  finish: (isOrphan: boolean) => Promise<void>,
  gracePeriod: number,
  stopSignal: StopSignal,
): void {
  const parent = process.ppid;
  process.prependOnceListener('disconnect', () => {
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
    // No primary is left that would kill a worker that does not end.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), gracePeriod).unref();
    void isGone(parent).then(async (isOrphan) => {
      await finish(isOrphan).catch((error: unknown) => console.error('prefork: draining failed:', error));
      leave(isOrphan, stopSignal);
    });
  });
}

async function isGone(parent: number): Promise<boolean> {
  for (let waited = 0; waited < REPARENTED_WITHIN_MS; waited += 10) {
    if (process.ppid !== parent) return true;
    await delay(10);
  }
  return false;
}

/**
 * Ends the worker by the stop signal, so that the application's own handlers run as at any stop. Without a handler the signal would
 * end the process on the spot. So where the application closed the channel itself and has none, the process exits instead:
 * listeners to 'exit' run then, as they do in node:cluster. An orphan gets the signal in any case.
 */
function leave(isOrphan: boolean, stopSignal: StopSignal): void {
  if (!isOrphan && !stopSignal.isHandled) process.exit();
  stopSignal.raise();
}
