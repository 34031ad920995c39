/** What is lost when something happens to the workers under load: reload, and `kill -9`. */

import { setTimeout as sleep } from 'node:timers/promises';
import { keptBusyDuring } from '../load/busy.ts';
import type { Outcome } from '../load/busy-client.ts';
import { ask, LOSSES } from '../load/client.ts';
import { opened } from '../open.ts';
import { target } from '../right-answers.ts';
import type { Alone, Bench, Column, Lengths, Sample } from '../scenario.ts';
import type { Server } from '../server.ts';
import { median } from '../statistics.ts';
import type { System } from '../system.ts';

const KEPT = 32;
const RENEWED = 32;
const load = `${KEPT} connections that stay and ${RENEWED} that are made anew for each request`;

/**
 * Before the first reload or kill. A supervisor that watches its first workers for a while takes an earlier death for a start that
 * failed, and ends.
 */
const BEFORE_MS = 1000;
/** After the last one, so that its losses are counted. */
const AFTER_MS = 700;

const columns = (event: string, times: readonly Column[]): readonly Column[] => [
  { key: 'events', title: event, better: 'higher', digits: 0 },
  { key: 'answered', title: 'answered', better: 'higher', digits: 0 },
  { key: 'lost', title: 'lost', better: 'lower', digits: 0 },
  { key: 'lostPerEvent', title: 'lost each', better: 'lower', digits: 1 },
  ...LOSSES.map((loss): Column => ({ key: loss, title: loss, better: 'lower', digits: 0 })),
  { key: 'longestGap', title: 'longest silence ms', better: 'lower', digits: 0 },
  ...times,
];

/** Starts the system, keeps it busy while `happens` runs, and counts. `happens` returns how long each event took, ms. */
async function losses(system: System, bench: Bench, happens: (server: Server) => Promise<number[]>): Promise<Sample> {
  await using server = await opened(system, 'hello', bench.placement.serverCores, bench);
  const hello = target('hello', server.setting.port);
  const { status, body } = await ask(hello);
  let events: number[] = [];
  const outcome = await keptBusyDuring(
    { target: hello, expected: { status, body }, kept: KEPT, renewed: RENEWED },
    async () => {
      await sleep(BEFORE_MS);
      events = await happens(server);
      await sleep(AFTER_MS);
    },
  );
  return { figures: figures(outcome, events), detail: { events }, commands: [server.commandLine] };
}

function figures(outcome: Outcome, events: readonly number[]): Sample['figures'] {
  const lost = LOSSES.reduce((sum, loss) => sum + outcome.lost[loss], 0);
  return {
    events: events.length,
    answered: outcome.answered,
    lost,
    lostPerEvent: lost / events.length,
    ...outcome.lost,
    longestGap: outcome.longestGap,
    time: median(events),
  };
}

const RELOADING_SECONDS = 2;
const QUICK_RELOADING_SECONDS = 1;

const reloadingSeconds = ({ quick, seconds }: Lengths): number =>
  seconds ?? (quick ? QUICK_RELOADING_SECONDS : RELOADING_SECONDS);

export const reload: Alone = {
  name: 'reload',
  title: 'Requests lost while the workers are reloaded',
  what: `One reload after another for ${RELOADING_SECONDS} s, each system with its own command, under ${load}.`,
  columns: columns('reloads', [{ key: 'time', title: 'a reload ms', better: 'lower', digits: 0 }]),
  among: ['prefork', 'cluster', 'pm2', 'watt', 'nginx'],
  skips: (system) => system.noReload(),
  // The last reload ends when it ends.
  seconds: (lengths, startSeconds) => reloadingSeconds(lengths) + 1 + startSeconds,
  measure: (system, bench) =>
    losses(system, bench, async (server) => {
      const times: number[] = [];
      const deadline = performance.now() + reloadingSeconds(bench) * 1000;
      do {
        const start = performance.now();
        await system.reload!(server);
        times.push(performance.now() - start);
      } while (performance.now() < deadline);
      return times;
    }),
};

const KILLS = 2;
const QUICK_KILLS = 1;
const KILL_EVERY_MS = 1000;

export const kill: Alone = {
  name: 'kill',
  title: 'Requests lost when a worker is killed',
  what: `kill -9 of one worker a second, ${KILLS} times, under ${load}. What the dead worker had accepted nobody can save; what the others and the port had can be.`,
  columns: columns('kills', []),
  among: ['prefork', 'cluster', 'pm2', 'fasthttp-prefork'],
  skips: async (system) => (system.workers === undefined ? (system.noKill ?? 'cannot') : undefined),
  seconds: ({ quick }) => ((quick ? QUICK_KILLS : KILLS) * KILL_EVERY_MS) / 1000 + 1,
  measure: (system, bench) =>
    losses(system, bench, async (server) => {
      const kills: number[] = [];
      for (let i = 0; i < (bench.quick ? QUICK_KILLS : KILLS); i++) {
        // The oldest: every worker has its turn, and each had time to come up.
        const workers = system.workers!(server).toSorted((a, b) => a - b);
        const victim = workers[0];
        // None is there: the last one killed is not back after a second. It counts as an outage, not as a kill.
        if (victim !== undefined) {
          process.kill(victim, 'SIGKILL');
          kills.push(0);
        }
        await sleep(KILL_EVERY_MS);
      }
      return kills;
    }),
};
