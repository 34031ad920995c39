import { Cgroup, NodeIn } from './cgroup.ts';
import { rest } from './client.ts';
import { REQUEST_MS, sayWhatIsSeen, serveOne, statusOf } from './server.ts';

const PERIOD_US = 100_000;
const WORTH = 4;

export interface QuotaOptions {
  readonly cores: number;
  readonly seconds: number;
}

/**
 * Gives a server of up to 8 workers more to compute than the quota of its cgroup allows. Returns whether there never were more
 * workers than the quota is good for, and no connection noticed.
 */
export async function withLittleTime({ cores, seconds }: QuotaOptions): Promise<boolean> {
  const quota = Math.round(cores * PERIOD_US);
  const group = Cgroup.create('cpu', { 'cpu.cfs_period_us': PERIOD_US, 'cpu.cfs_quota_us': quota });
  using node = new NodeIn(group);
  const { app, clients } = await serveOne('computing', '1..8', { node: node.path });
  console.log(`a quota of ${cores} cores, load for ${WORTH} workers that compute:`);
  clients.ask((WORTH * 1000) / REQUEST_MS);
  const holds = new Map<string | null, number>();
  let most = 0;
  for (let nth = 0; nth < seconds * 2; nth++) {
    const { slots, autoscale } = await statusOf(app);
    most = Math.max(most, slots.length);
    holds.set(autoscale.hold, (holds.get(autoscale.hold) ?? 0) + 1);
    await rest(500);
  }
  const isUnnoticed = sayWhatIsSeen(await clients.end(), clients);
  const throttled = group.count('cpu.stat', 'nr_throttled');
  await app[Symbol.asyncDispose]();
  group.remove();
  const why = [...holds].map(([hold, count]) => `${hold} ${count}`).join(', ');
  console.log(`  at most ${most} workers; throttled in ${throttled} periods; what held the number, in looks: ${why}`);
  return isUnnoticed && throttled > 0 && most <= Math.ceil(cores);
}
