import { setTimeout as sleep } from 'node:timers/promises';
import { answersRightly } from '../right-answers.ts';
import type { Bench, Sample, Scenario } from '../scenario.ts';
import { newSetting, Server } from '../server.ts';
import { median } from '../statistics.ts';
import type { System } from '../system.ts';

const EVERY_MS = 2;
/** Attempts that may wait for an answer at the same time: a socket may be open before anyone serves it. */
const AT_ONCE = 8;

const starts = (quick: boolean): number => (quick ? 1 : 3);

export const ready: Scenario = {
  name: 'ready',
  title: 'Time to ready',
  what: 'From the start of the command to the first right answer, tried every 2 ms; of three starts the median. PM2 starts its daemon, too.',
  columns: [{ key: 'ready', title: 'first answer ms', better: 'lower', digits: 0, ratio: true }],
  skips: async () => undefined,
  seconds: ({ quick }) => starts(quick) * 0.6,
  async measure(system, bench) {
    const times: number[] = [];
    let command = '';
    for (let i = 0; i < starts(bench.quick); i++) {
      const { time, commandLine } = await timeOfStart(system, bench);
      times.push(time);
      command = commandLine;
    }
    return { figures: { ready: median(times) }, detail: { times }, commands: [command] } satisfies Sample;
  },
};

async function timeOfStart(system: System, bench: Bench): Promise<{ time: number; commandLine: string }> {
  const setting = await newSetting(bench, 'hello', bench.placement.serverCores);
  await using server = await Server.start(system, setting, bench);
  let answeredAt: number | undefined;
  let waiting = 0;
  await server.ready(async () => {
    if (answeredAt === undefined && waiting < AT_ONCE) {
      waiting++;
      void answersRightly('hello', setting.port)
        .then((isRight) => {
          if (isRight) answeredAt ??= performance.now();
        })
        .finally(() => waiting--);
      await sleep(EVERY_MS);
    }
    return answeredAt !== undefined;
  }, EVERY_MS);
  return { time: answeredAt! - server.startedAt, commandLine: server.commandLine };
}
