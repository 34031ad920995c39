import { setTimeout as sleep } from 'node:timers/promises';
import { readFineCpu, readMemory } from '../accounts.ts';
import { answersRightly } from '../right-answers.ts';
import type { Bench, Scenario } from '../scenario.ts';
import { newSetting, Server } from '../server.ts';
import type { System } from '../system.ts';
import { settled } from './timed.ts';

/** Two numbers of workers, from which the model takes what one worker more costs. */
export const FEW = 2;
export const MANY = 16;

const SECONDS = 2;
const QUICK_SECONDS = 1;

const seconds = ({ quick }: Pick<Bench, 'quick'>): number => (quick ? QUICK_SECONDS : SECONDS);

const columnsOf = (workers: number): Scenario['columns'] => [
  { key: `supervisor${workers}`, title: `supervisor ms/s, ${workers} workers`, better: 'lower', digits: 2 },
  { key: `tree${workers}`, title: `all ms/s, ${workers} workers`, better: 'lower', digits: 2 },
  { key: `pss${workers}`, title: `PSS MB, ${workers} workers`, better: 'lower', digits: 0 },
];

/** What it costs to be there. */
export const idle: Scenario = {
  name: 'idle',
  title: 'What a worker costs that does nothing',
  what: `CPU time, ms a second, and PSS of a hello server without a request, with ${FEW} and with ${MANY} workers.`,
  columns: [FEW, MANY].flatMap(columnsOf),
  slow: true,
  among: ['prefork', 'cluster', 'pm2'],
  skips: async (system) => (system.name === 'plain' ? 'has one worker' : undefined),
  seconds: (bench) => 2 * seconds(bench) + 3,
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
  const setting = await newSetting(bench, 'hello', workers);
  await using server = await Server.start(system, setting, bench);
  await server.ready(() => answersRightly('hello', setting.port));
  await settled(server);
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
