/**
 * Measures how soon a slot answers again when its worker is killed, with a spare and without. The time runs from the
 * SIGKILL to the answer on a connection that was made right after it. npm test leaves this out, see CONTRIBUTING.md.
 */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { startServer, type App } from 'prefork/testing';
import { ask } from '../support/http.ts';
import { fixture } from '../support/paths.ts';

const KILLS = 20;

/** The pause is long enough that a crash is not a crash loop. */
const PAUSE_MS = 1200;

async function timesToAnswer(spares: number): Promise<number[]> {
  const app = await startServer({
    entry: fixture('hello.js'),
    options: ['--workers', '1', '--spares', String(spares)],
  });
  try {
    const times: number[] = [];
    for (let nth = 1; nth <= KILLS; nth++) {
      if (spares > 0) await app.event('spare ready', { nth });
      await delay(PAUSE_MS);
      times.push(await timeToAnswer(app));
      await app.event('worker ready', { nth: nth + 1 });
    }
    return times.toSorted((a, b) => a - b);
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

async function timeToAnswer(app: App): Promise<number> {
  const killed = app.worker(0);
  const start = performance.now();
  process.kill(killed, 'SIGKILL');
  for (;;) {
    // Connections that the dead worker had accepted are lost, but that is not measured here.
    const answer = await ask(app.target).catch(() => undefined);
    if (answer !== undefined && answer !== String(killed)) return performance.now() - start;
  }
}

for (const spares of [1, 0]) {
  const times = await timesToAnswer(spares);
  const [least, median, most] = [times[0], times[Math.floor(times.length / 2)], times.at(-1)].map((ms) =>
    ms!.toFixed(1),
  );
  console.log(`${spares} spares: ${KILLS} kills, answered after ${median} ms (median), ${least} to ${most}`);
}
