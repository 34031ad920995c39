import { setTimeout as sleep } from 'node:timers/promises';
import { askAndHold } from '../load/client.ts';
import { opened } from '../open.ts';
import { target } from '../right-answers.ts';
import type { Alone } from '../scenario.ts';

const WORKERS = 8;
const CONNECTIONS = 64;
const EVERY_MS = 5;

export const spread: Alone = {
  name: 'spread',
  title: 'Connections per worker',
  what: `${CONNECTIONS} connections, one every ${EVERY_MS} ms, that stay; on each the answer tells which of ${WORKERS} workers has it. Even would be ${CONNECTIONS / WORKERS} each.`,
  columns: [
    { key: 'most', title: 'most', better: 'lower', digits: 0 },
    { key: 'least', title: 'least', better: 'higher', digits: 0 },
    { key: 'skew', title: 'most / mean', better: 'lower', digits: 2, ratio: true },
  ],
  // PM2 and throng are node:cluster; Watt's threads are the kernel's hash as prefork is, and eight take it ten seconds.
  among: ['prefork', 'prefork-shared', 'prefork-least-connections', 'cluster', 'cluster-shared'],
  async skips(system) {
    if (system.name === 'plain') return 'has one worker';
    return system.apps.includes('whoami') ? undefined : 'does not tell its workers apart here';
  },
  seconds: (_lengths, startSeconds) => (CONNECTIONS * EVERY_MS) / 1000 + 2 * startSeconds,
  async measure(system, bench) {
    await using server = await opened(system, 'whoami', WORKERS, bench);
    const { port } = server.setting;
    const perWorker = new Map<string, number>();
    const held: (() => void)[] = [];
    try {
      for (let i = 0; i < CONNECTIONS; i++) {
        const { answer, end } = await askAndHold(target('whoami', port));
        held.push(end);
        perWorker.set(answer.body, (perWorker.get(answer.body) ?? 0) + 1);
        await sleep(EVERY_MS);
      }
    } finally {
      for (const end of held) end();
    }
    const counts = [...perWorker.values(), ...Array.from({ length: WORKERS - perWorker.size }, () => 0)].toSorted(
      (a, b) => b - a,
    );
    const most = counts[0] ?? 0;
    return {
      figures: { most, least: counts.at(-1) ?? 0, skew: most / (CONNECTIONS / WORKERS) },
      detail: { counts },
      commands: [server.commandLine],
    };
  },
};
