/** What clients notice of deploys: connections that a reload closes, and requests that it loses. */

import { keptBusyDuring } from '../load/busy.ts';
import { ask, LOSSES } from '../load/client.ts';
import { opened } from '../open.ts';
import { target } from '../right-answers.ts';
import type { Alone, Sample } from '../scenario.ts';
import { median } from '../statistics.ts';
import { RELOADS, reloaded, reloadSeconds } from './reloads.ts';

const BUSY = 32;
const PAUSING = 32;
/** A client that pauses so long after each answer is idle most of the time, as browsers and proxies are. */
const PAUSE_MS = 100;

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
  seconds: reloadSeconds,
  async measure(system, bench): Promise<Sample> {
    await using server = await opened(system, 'hello', bench.placement.serverCores, bench);
    const hello = target('hello', server.setting.port);
    const { status, body } = await ask(hello);
    let times: number[] = [];
    const outcome = await keptBusyDuring(
      { target: hello, expected: { status, body }, kept: BUSY, pausing: PAUSING, pauseMs: PAUSE_MS, renewed: 0 },
      async () => {
        times = await reloaded(server, bench);
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
