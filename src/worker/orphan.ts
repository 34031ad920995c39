import cluster from 'node:cluster';

/**
 * What a worker does when its primary is gone: the channel between them closes.
 *
 * node:cluster would exit the worker at once, in the middle of its requests, unless `exitedAfterDisconnect` is set by
 * then; so this listener comes before its own.
 *
 * @param finish drains; the worker ends when it settles, or after `gracePeriod` ms.
 */
export function onOrphaned(finish: () => Promise<void>, gracePeriod: number): void {
  process.prependOnceListener('disconnect', () => {
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
    // Nobody is left who would kill a worker that does not end.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), gracePeriod).unref();
    void finish().finally(leave);
  });
}

/** The application's own handlers run, as at any stop; without one, the signal ends the process. */
function leave(): void {
  process.kill(process.pid, 'SIGTERM');
}
