import { setTimeout as sleep } from 'node:timers/promises';
import { answersRightly } from '../right-answers.ts';
import type { Alone, Bench, Sample } from '../scenario.ts';
import { newSetting, Server } from '../server.ts';
import { median } from '../statistics.ts';
import type { System } from '../system.ts';

const EVERY_MS = 2;
/** Attempts that may wait for an answer at the same time: a socket may be open before anyone serves it. */
const AT_ONCE = 8;

/** Starts a round; where one takes long, no further one is begun after so many seconds. */
const STARTS = 3;
const QUICK_STARTS = 1;
const ENOUGH_SECONDS = 1.5;

export const ready: Alone = {
  name: 'ready',
  title: 'Time to ready',
  what: `From the start of the command to the first right answer, tried every ${EVERY_MS} ms; in each round the median of ${STARTS} starts, or of those that began within ${ENOUGH_SECONDS} s. PM2 starts its daemon, too.`,
  columns: [{ key: 'ready', title: 'first answer ms', better: 'lower', digits: 0, ratio: true }],
  among: ['plain', 'prefork', 'prefork-http', 'cluster', 'pm2', 'watt', 'fasthttp-prefork', 'nginx'],
  skips: async () => undefined,
  seconds: ({ quick }, startSeconds) => (quick ? 0 : Math.min(ENOUGH_SECONDS, (STARTS - 1) * startSeconds)),
  async measure(system, bench) {
    const times: number[] = [];
    const commands: string[] = [];
    const begun = performance.now();
    do {
      const { time, commandLine } = await timeOfStart(system, bench);
      times.push(time);
      commands.push(commandLine);
    } while (times.length < (bench.quick ? QUICK_STARTS : STARTS) && performance.now() - begun < ENOUGH_SECONDS * 1000);
    return { figures: { ready: median(times) }, detail: { times }, commands: commands.slice(0, 1) } satisfies Sample;
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
