import type { WorkerContext } from '../ipc/context.ts';
import type { Drain } from './drain.ts';
import type { Link } from './link.ts';
import type { Occasion } from './occasion.ts';
import { onDisconnected } from './orphan.ts';
import { removeRemains } from './remains.ts';
import type { Servers } from './servers.ts';
import type { Vitals } from './vitals.ts';

export interface LeavingParts {
  readonly link: Link;
  readonly drain: Drain;
  readonly servers: Servers;
  readonly vitals: Vitals;
  readonly context: WorkerContext;
}

/** The ways in which a worker is told to go: the primary says so, or is no longer there. */
export function leaveWhenTold({ link, drain, servers, vitals, context }: LeavingParts, death: Occasion): void {
  const { gracePeriod } = context;
  link.on('drain', (terms) => {
    const isFirst = !drain.occasion.hasCome;
    if (isFirst) liveUntilTheSignal(link);
    const over = drain.begin(terms);
    if (isFirst) void over.then(() => link.send({ type: 'drained' }));
  });
  onDisconnected(async (isOrphan) => {
    const terms = { idle: gracePeriod / 2, spread: 0 };
    if (!isOrphan) return drain.begin(terms);
    death.come();
    await death.settled();
    const files = servers.socketFiles();
    await drain.begin(terms);
    vitals.close({ removeBoard: true });
    await removeRemains(context, files);
  }, gracePeriod);
}

/**
 * When all connections are gone nothing may be left that keeps this process alive, and it would end before the primary's
 * SIGTERM, for which the application has its handlers. Those run then; without any, the signal does what it always does.
 */
function liveUntilTheSignal(link: Link): void {
  link.hold();
  process.prependOnceListener('SIGTERM', () => {
    if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
    link.letGo();
  });
}
