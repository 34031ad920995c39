/** What clients notice of deploys: connections that a reload closes, and requests that it loses. */

import { setTimeout as sleep } from 'node:timers/promises';
import { keptBusyDuring } from '../load/busy.ts';
import { ask, LOSSES } from '../load/client.ts';
import { opened } from '../open.ts';
import { target } from '../right-answers.ts';
import type { Alone, Sample } from '../scenario.ts';
import { median } from '../statistics.ts';

const RELOADS = 20;
const QUICK_RELOADS = 2;
const BUSY = 32;
const PAUSING = 32;
/** A client that pauses so long after each answer is idle most of the time, as browsers and proxies are. */
const PAUSE_MS = 100;

/** Before the first reload and after the last, so that what it closes is counted. */
const BEFORE_MS = 500;
const AFTER_MS = 1500;

/** About how long a reload takes, to say how long it all will take: node:cluster waits 2 s for each of its workers. */
const RELOAD_SECONDS = 2.5;

export const deploys: Alone = {
  name: 'deploys',
  title: `Connections closed by ${RELOADS} reloads`,
  what: `${RELOADS} reloads, one after another, each system with its own command, under ${BUSY} connections that ask all the time and ${PAUSING} that pause for ${PAUSE_MS} ms after each answer. A connection is closed when the server ends it, also after a response that says \`Connection: close\`; its client then opens another one.`,
  columns: [
    { key: 'reloads', title: 'reloads', better: 'higher', digits: 0 },
    { key: 'answered', title: 'answered', better: 'higher', digits: 0 },
    { key: 'ended', title: 'connections closed', better: 'lower', digits: 0 },
    { key: 'told', title: 'of them told so', better: 'lower', digits: 0 },
    { key: 'lost', title: 'requests lost', better: 'lower', digits: 0 },
    { key: 'longestGap', title: 'longest silence ms', better: 'lower', digits: 0 },
    { key: 'time', title: 'a reload ms', better: 'lower', digits: 0 },
  ],
  among: ['prefork', 'prefork-fixed', 'cluster', 'pm2', 'watt', 'nginx'],
  apart: true,
  rounds: 1,
  skips: (system) => system.noReload(),
  seconds: ({ quick }) => (quick ? QUICK_RELOADS : RELOADS) * RELOAD_SECONDS + (BEFORE_MS + AFTER_MS) / 1000,
  async measure(system, bench): Promise<Sample> {
    await using server = await opened(system, 'hello', bench.placement.serverCores, bench);
    const hello = target('hello', server.setting.port);
    const { status, body } = await ask(hello);
    const times: number[] = [];
    const outcome = await keptBusyDuring(
      { target: hello, expected: { status, body }, kept: BUSY, pausing: PAUSING, pauseMs: PAUSE_MS, renewed: 0 },
      async () => {
        await sleep(BEFORE_MS);
        while (times.length < (bench.quick ? QUICK_RELOADS : RELOADS)) {
          const start = performance.now();
          await system.reload!(server);
          times.push(performance.now() - start);
        }
        await sleep(AFTER_MS);
      },
    );
    const { answered, ended, told, lost, longestGap } = outcome;
    return {
      figures: {
        reloads: times.length,
        answered,
        ended,
        told,
        lost: LOSSES.reduce((sum, loss) => sum + lost[loss], 0),
        ...lost,
        longestGap,
        time: median(times),
      },
      detail: { times },
      commands: [server.commandLine],
    };
  },
};
