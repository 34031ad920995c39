/** What clients of nginx notice of deploys behind it: answers that are not the server's, and new connections of nginx to the server. */

import { readFileSync } from 'node:fs';
import { keptBusyDuring } from '../load/busy.ts';
import { ask, LOSSES } from '../load/client.ts';
import { opened } from '../open.ts';
import { target } from '../right-answers.ts';
import type { Alone, Sample } from '../scenario.ts';
import { median } from '../statistics.ts';
import { nginxSystem, proxyTo } from '../systems/nginx.ts';
import { RELOADS, reloaded, reloadSeconds } from './reloads.ts';

/** As many as nginx keeps connections to the server. */
const CLIENTS = 32;

export const proxied: Alone = {
  name: 'proxied',
  title: `${RELOADS} reloads behind nginx`,
  what: `${RELOADS} reloads, one after another, each system with its own command, behind nginx with \`keepalive 32\` to the server, under ${CLIENTS} connections that post 16 KB all the time. nginx does not repeat a POST: when its connection to the server ends at the wrong moment, its client gets a 502.`,
  columns: [
    { key: 'reloads', title: 'reloads', better: 'higher', digits: 0 },
    { key: 'answered', title: 'answered', better: 'higher', digits: 0 },
    { key: 'failed', title: '502 and other failures', better: 'lower', digits: 0 },
    { key: 'reconnected', title: 'new connections to the server', better: 'lower', digits: 0 },
    { key: 'longestGap', title: 'longest silence ms', better: 'lower', digits: 0 },
    { key: 'time', title: 'a reload ms', better: 'lower', digits: 0 },
  ],
  among: ['prefork', 'prefork-fixed', 'cluster', 'pm2', 'watt'],
  apart: true,
  rounds: 1,
  skips: async (system) => (await nginxSystem.unavailable()) ?? (await system.noReload()),
  seconds: reloadSeconds,
  async measure(system, bench): Promise<Sample> {
    await using server = await opened(system, 'post', bench.placement.serverCores, bench);
    await using proxy = await opened(proxyTo(server.setting.port), 'post', 1, bench);
    const posted = target('post', proxy.setting.port);
    const { status, body } = await ask(posted);
    let times: number[] = [];
    let connections = 0;
    const outcome = await keptBusyDuring(
      { target: posted, expected: { status, body }, kept: CLIENTS, renewed: 0 },
      async () => {
        times = await reloaded(server, bench, () => (connections = -connectionsMade()));
        connections += connectionsMade();
      },
    );
    const { answered, ended, lost, longestGap } = outcome;
    return {
      figures: {
        reloads: times.length,
        answered,
        failed: LOSSES.reduce((sum, loss) => sum + lost[loss], 0),
        ...lost,
        // A client that lost its connection to nginx opened another one.
        reconnected: connections - ended,
        longestGap,
        time: median(times),
      },
      detail: { times },
      commands: [server.commandLine],
    };
  },
};

/** The connections that this machine has opened, by the kernel's count (tcpActiveOpens of RFC 1213). */
function connectionsMade(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf('ActiveOpens')]);
}
