import { Cgroup, NodeIn } from './cgroup.ts';
import { rest } from './client.ts';
import { REQUEST_MS, sayWhatIsSeen, serveOne, statusOf } from './server.ts';

const MB = 1024 * 1024;
/** What each worker keeps from its boot on. */
const BALLAST_MB = 40;
/** What each worker grows by in the second half, in steps of a second. */
const GROWTH_MB = 60;
const STEPS = 20;
const LEAST_LEFT = 64;
const WORTH = 12;

export interface MemoryOptions {
  readonly mb: number;
  readonly isReadAsV2: boolean;
  readonly seconds: number;
}

/**
 * Gives a server of up to 16 workers load for 12, in a cgroup whose memory is not enough for them, and then lets the workers
 * grow. Returns whether the cgroup never came to its limit, and no connection noticed.
 */
export async function withLittleMemory({ mb, isReadAsV2, seconds }: MemoryOptions): Promise<boolean> {
  const group = Cgroup.create('memory', { 'memory.limit_in_bytes': mb * MB });
  using node = new NodeIn(group, isReadAsV2 ? mb * MB : undefined);
  const { app, clients } = await serveOne('waiting', '1..16', {
    node: node.path,
    env: { BALLAST_MB: String(BALLAST_MB), GROWTH_MB: String(GROWTH_MB / STEPS) },
  });
  const most = { used: 0, workers: 0 };
  const look = (): void => {
    most.used = Math.max(most.used, group.count('memory.stat', 'total_rss') / MB);
    most.workers = Math.max(most.workers, Number(app.events('scaling').at(-1)?.fields['to'] ?? 1));
  };
  const watching = setInterval(look, 50);
  const tell = async (when: string): Promise<void> => {
    const { slots, autoscale } = await statusOf(app);
    const rss = slots.map(({ worker }) => Math.round((worker?.vitals?.rss ?? 0) / MB));
    console.log(
      `  ${when}: ${slots.length} workers, ${autoscale.fitting} fit (${autoscale.hold}), resident ${rss.join(' ')} MB; at most ${most.workers} workers and ${Math.round(most.used)} MB in use so far`,
    );
  };
  console.log(`a limit of ${mb} MB${isReadAsV2 ? ', told as by cgroup v2' : ''}, load for ${WORTH} workers:`);
  clients.ask((WORTH * 1000) / REQUEST_MS);
  await rest(seconds * 1000);
  await tell('they keep their size');
  for (let nth = 0; nth < STEPS; nth++) {
    const { slots } = await statusOf(app);
    for (const { worker } of slots) if (worker !== null) signal(worker.pid);
    await rest(1000);
  }
  await rest(5000);
  await tell(`they have grown by ${GROWTH_MB} MB each`);
  clearInterval(watching);
  const isUnnoticed = sayWhatIsSeen(await clients.end(), clients);
  const peak = Number(group.read('memory.max_usage_in_bytes')) / MB;
  const failures = Number(group.read('memory.failcnt'));
  const kills = group.count('memory.oom_control', 'oom_kill');
  await app[Symbol.asyncDispose]();
  group.remove();
  console.log(
    `  the kernel says: at most ${Math.round(peak)} of ${mb} MB, ${failures} times at the limit, ${kills} processes killed`,
  );
  return isUnnoticed && failures === 0 && kills === 0 && most.used < mb - LEAST_LEFT / 2 && most.workers > 1;
}

/** Tells a worker to grow; one that is leaving may be gone. */
function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR2');
  } catch {
    // The worker has ended meanwhile.
  }
}
