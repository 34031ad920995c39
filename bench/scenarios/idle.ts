import { setTimeout as sleep } from 'node:timers/promises';
import { readFineCpu, readMemory } from '../accounts.ts';
import { opened } from '../open.ts';
import type { Alone, Bench, Lengths } from '../scenario.ts';
import type { System } from '../system.ts';

/** Two numbers of workers, from which the model takes what one worker more costs. */
export const FEW = 2;
export const MANY = 16;

const SECONDS = 2;
const QUICK_SECONDS = 1;

const seconds = ({ quick }: Pick<Lengths, 'quick'>): number => (quick ? QUICK_SECONDS : SECONDS);

const columnsOf = (workers: number): Alone['columns'] => [
  { key: `supervisor${workers}`, title: `supervisor ms/s, ${workers} workers`, better: 'lower', digits: 2 },
  { key: `tree${workers}`, title: `all ms/s, ${workers} workers`, better: 'lower', digits: 2 },
  { key: `pss${workers}`, title: `PSS MB, ${workers} workers`, better: 'lower', digits: 0 },
];

/** What it costs to be there. */
export const idle: Alone = {
  name: 'idle',
  title: 'What a worker costs that does nothing',
  what: `CPU time, ms a second, and PSS of a hello server without a request, with ${FEW} and with ${MANY} workers.`,
  columns: [FEW, MANY].flatMap(columnsOf),
  slow: true,
  // Sixteen processes take longer to start than all else here, and PM2's supervisor is node:cluster's.
  among: ['prefork', 'cluster'],
  rounds: 3,
  skips: async (system) => (system.name === 'plain' ? 'has one worker' : undefined),
  seconds: (lengths, startSeconds) => 2 * seconds(lengths) + (startSeconds * MANY) / FEW,
  async measure(system, bench) {
    const few = await measure(system, bench, FEW);
    const many = await measure(system, bench, MANY);
    return { figures: { ...few.figures, ...many.figures }, commands: [few.command, many.command] };
  },
};

async function measure(
  system: System,
  bench: Bench,
  workers: number,
): Promise<{ figures: Record<string, number>; command: string }> {
  await using server = await opened(system, 'hello', workers, bench);
  const before = readFineCpu(server.pids);
  await sleep(seconds(bench) * 1000);
  const after = readFineCpu(server.pids);
  const perSecond = (pid: number): number => ((after.get(pid) ?? NaN) - (before.get(pid) ?? NaN)) / seconds(bench);
  const figures = {
    [`supervisor${workers}`]: perSecond(server.supervisor),
    [`tree${workers}`]: [...after.keys()].reduce((sum, pid) => sum + perSecond(pid), 0),
    [`pss${workers}`]: readMemory(server.pids).pss,
  };
  return { figures, command: server.commandLine };
}
