/**
 * Requests by chance, on connections that move after each answer: every byte of them and of their answers is cut at random, they are
 * pipelined, big, with Expect, read slowly; clients half-close, end and reset. Each answer has to be the one of its request, and
 * each request be handled once. It is not part of npm test:
 *
 *     node out/test/soak/moves.js [--requests 200000] [--server node|prefork] [--kills] [--seed 1] [--seconds 900] [--migrate every-answer]
 *
 * With `--kills` a worker is killed each second: then a request may be lost that it had read, or that waited for it on a connection of
 * its, and no other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, type App } from '../support/app.ts';
import { Random } from '../support/random.ts';
import { Tally, visit } from './moves/visit.ts';

const CLIENTS = 64;
const KILL_PERIOD_MS = 1000;
/** A connection of a worker that was killed closes at once; on a busy machine its client hears of it so much later, ms. */
const HEARD_WITHIN_MS = 5000;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '200000' },
    server: { type: 'string', default: 'node' },
    kills: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '900' },
    migrate: { type: 'string', default: 'every-answer' },
  },
});
const wanted = Number(values.requests);
const over = performance.now() + Number(values.seconds) * 1000;

await using app = await serve({
  entry: 'tells-what-it-got.js',
  options: ['--workers', '3', '--migrate', values.migrate, '--log-level', 'debug'],
  env: { SERVER: values.server, LOG: 'ids' },
});
const tally = new Tally();
const kills: Array<{ readonly pid: number; readonly at: number }> = [];
const isOver = (): boolean => tally.sent >= wanted || performance.now() > over;
const begun = performance.now();
await Promise.all([...Array.from({ length: CLIENTS }, (_, nth) => client(nth)), killer(app)]);
const seconds = (performance.now() - begun) / 1000;
const moved = String(app.events('connections').at(-1)?.fields['moved']);
report(join(app.directory, 'ids'));

async function client(nth: number): Promise<void> {
  const random = new Random(Number(values.seed) * 1000 + nth);
  let ids = 0;
  while (!isOver()) await visit(app.target, random, () => `${nth}-${ids++}`, tally);
}

async function killer(killed: App): Promise<void> {
  const random = new Random(Number(values.seed));
  while (values.kills && !isOver()) {
    await delay(KILL_PERIOD_MS);
    const pid = random.pick([...killed.workers.values()]);
    try {
      process.kill(pid, 'SIGKILL');
      kills.push({ pid, at: performance.now() });
    } catch {
      // The worker has just been killed, and the next one is not there yet.
    }
  }
}

function report(file: string): void {
  const handled = new Map<string, string>();
  const twice: string[] = [];
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const [id, pid] = line.split(' ') as [string, string];
    if (handled.has(id)) twice.push(`${id} by ${handled.get(id)} and ${pid}`);
    handled.set(id, pid);
  }
  const killed = new Set(kills.map(({ pid }) => String(pid)));
  const isExcused = (id: string, at: number): boolean => {
    const by = handled.get(id);
    if (by !== undefined) return killed.has(by);
    return kills.some((kill) => at >= kill.at && at - kill.at < HEARD_WITHIN_MS);
  };
  const lost = [...tally.lost].filter(([id, { at }]) => !isExcused(id, at));
  const { sent, answered, given, visits, endings, kinds, wrong } = tally;
  const excused = tally.lost.size - lost.length;
  console.log(process.version, values.server, `${sent} requests in ${seconds.toFixed(0)} s on ${visits} connections`);
  console.log(JSON.stringify({ answered, given, kills: kills.length, excused, moved, ...endings, ...kinds }));
  console.log(JSON.stringify({ lost: lost.length, twice: twice.length, wrong: wrong.length }));
  for (const fault of [...lost.map(([id, { what }]) => `lost ${id}: ${what}`), ...twice, ...wrong].slice(0, 20)) {
    console.log(`FAULT ${fault}`);
  }
  if (lost.length + twice.length + wrong.length > 0 || sent < wanted) process.exitCode = 1;
}
