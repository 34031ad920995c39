import type { WorkerBriefing } from '../../ipc/briefing.ts';
import type { Drain } from './drain.ts';
import { KeepAlive } from '../listening/keep-alive.ts';
import type { Link } from '../link.ts';
import type { OneShotHooks } from './one-shot-hooks.ts';
import { onDisconnected } from './orphan.ts';
import { removeSocketFile } from '../../listeners/socket-file.ts';
import { removeRemains } from './orphan-cleanup.ts';
import type { StopSignal } from './stop-signal.ts';
import type { Servers } from '../listening/servers.ts';
import type { Vitals } from '../vitals/vitals.ts';

export interface LeavingParts {
  readonly link: Link;
  readonly drain: Drain;
  readonly servers: Servers;
  readonly vitals: Vitals;
  readonly stopSignal: StopSignal;
  readonly briefing: WorkerBriefing;
}

/** Drains the worker when it is told to go: the primary says so, or is no longer there. */
export function leaveWhenTold(
  { link, drain, servers, vitals, stopSignal, briefing }: LeavingParts,
  death: OneShotHooks,
): void {
  const { gracePeriod } = briefing;
  const liveUntilTheSignal = letGoAtTheSignal(link, stopSignal.name);
  link.on('drain', (terms) => {
    const isFirst = !drain.hooks.hasFired;
    if (isFirst) liveUntilTheSignal();
    const over = drain.begin(terms);
    if (!isFirst) return;
    void over.then(() => {
      // The signal comes next, and nothing is written after it. What was counted since the last row would be lost.
      vitals.publish();
      link.send({ type: 'drained' });
    });
  });
  onDisconnected(
    async (isOrphan) => {
      const terms = { idle: gracePeriod / 2, spread: 0 };
      // The primary has the sockets, and another worker serves their queues.
      if (!isOrphan) return drain.begin({ ...terms, takenOver: true });
      death.fire();
      await death.settled();
      const files = servers.socketFiles();
      // Clients that come from now on are refused, and the drain serves those that have come. In an upgrade the files and the queues
      // are the other primary's, too.
      const takenOver = vitals.sharesSockets();
      if (!takenOver) for (const file of files) removeSocketFile(file);
      await drain.begin({ ...terms, takenOver });
      vitals.close({ removeBoard: true });
      await removeRemains(briefing, files);
    },
    gracePeriod,
    stopSignal,
  );
}

/**
 * Sees to it that after the stop signal nothing of prefork's keeps the worker alive: neither the channel, on which it waits for an
 * answer or for this very signal, nor the stand-ins for its listening sockets. What keeps it alive then is the application's.
 *
 * Any listener takes the signal's own effect away, so this one is added with the first that the program adds.
 *
 * @returns a function that adds the listener at once, and keeps the process alive until the signal. Without it a drained worker
 * would end when all connections are gone, before the primary's signal, for which the application has its handlers.
 */
function letGoAtTheSignal(link: Link, signal: NodeJS.Signals): () => void {
  const letGo = (): void => {
    link.letGo();
    KeepAlive.letGo();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const listen = (): void => {
    process.off('newListener', onListener);
    if (!process.listeners(signal).includes(letGo)) process.prependOnceListener(signal, letGo);
  };
  const onListener = (name: string | symbol): void => {
    if (name === signal) listen();
  };
  process.on('newListener', onListener);
  return () => {
    link.hold();
    listen();
  };
}
