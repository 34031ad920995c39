/**
 * Kills workers all the time, and looks all the time whether anybody serves. npm test leaves this out.
 *
 *     node out/test/soak/kill-storm.js [--seconds 120] [--workers 4] [--from 100] [--to 500]
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { ask } from '../support/http.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    workers: { type: 'string', default: '4' },
    from: { type: 'string', default: '100' },
    to: { type: 'string', default: '500' },
  },
});
const [seconds, from, to] = [values.seconds, values.from, values.to].map(Number) as [number, number, number];
const LOOK_MS = 50;
const LEAST_SHARE = 0.99;
/** A worker has to serve within this time of the last kill. */
const RECOVERY_MS = 1000;

interface Status {
  readonly workers: { readonly serving: number };
  readonly slots: ReadonlyArray<{ readonly worker: { readonly pid: number | null } | null }>;
}

const app = await serve({ entry: 'hello.js', options: ['--workers', values.workers, '--log-level', 'info'] });
const over = new AbortController();
const looks = { all: 0, served: 0, longest: 0 };
const looking = look();
const asks = { answered: 0, failed: 0, longest: 0 };
const asking = keepAsking();
let kills = 0;
const end = performance.now() + seconds * 1000;
while (performance.now() < end && app.child.exitCode === null) {
  await delay(from + Math.random() * (to - from));
  await killOne();
}
const lastKill = performance.now();
let recovered = Infinity;
while (recovered === Infinity && performance.now() - lastKill < 60_000 && app.child.exitCode === null) {
  if (await serves()) recovered = performance.now() - lastKill;
}
const first = await ask(app.target).then(
  () => performance.now() - lastKill,
  () => Infinity,
);
over.abort();
await Promise.all([looking, asking]);
const hasGivenUp = app.child.exitCode !== null;
await app[Symbol.asyncDispose]();

const share = looks.served / looks.all;
console.log(
  `node ${process.version}: ${kills} kills in ${seconds} s${hasGivenUp ? ', and the server gave up' : ''}; somebody serves in ${looks.served} of ${looks.all} looks ` +
    `(${(100 * share).toFixed(2)} %), nobody for ${looks.longest.toFixed(0)} ms at most, and somebody ${recovered.toFixed(0)} ms after the last kill, with the first answer after ${first.toFixed(0)} ms`,
);
console.log(
  `  ${asks.answered} answers, ${asks.failed} connections that ended with their worker; the longest wait for an answer ${asks.longest.toFixed(0)} ms`,
);
if (share < LEAST_SHARE || Math.max(recovered, first) > RECOVERY_MS || hasGivenUp) process.exitCode = 1;

async function look(): Promise<void> {
  let lastServed = performance.now();
  while (!over.signal.aborted) {
    const isServed = await serves();
    looks.all++;
    if (isServed) looks.served++;
    if (isServed) lastServed = performance.now();
    looks.longest = Math.max(looks.longest, performance.now() - lastServed);
    await delay(LOOK_MS);
  }
}

async function serves(): Promise<boolean> {
  const status = await statusOf(app);
  return status !== undefined && status.workers.serving > 0;
}

/** A client that makes one connection after another. */
async function keepAsking(): Promise<void> {
  while (!over.signal.aborted) {
    const startedAt = performance.now();
    const isAnswered = await ask(app.target).then(
      () => true,
      () => false,
    );
    if (isAnswered) asks.answered++;
    else asks.failed++;
    if (isAnswered) asks.longest = Math.max(asks.longest, performance.now() - startedAt);
    await delay(5);
  }
}

/** Kills one of the workers that have a slot, whatever it does. */
async function killOne(): Promise<void> {
  const pids = (await statusOf(app))?.slots.flatMap(({ worker }) => worker?.pid ?? []) ?? [];
  const pid = pids[Math.floor(Math.random() * pids.length)];
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
    kills++;
  } catch {
    // The worker has ended meanwhile.
  }
}

async function statusOf({ controlSockets: [socketPath] }: App): Promise<Status | undefined> {
  if (socketPath === undefined) return undefined;
  const asked = request({ socketPath, path: '/status', agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return JSON.parse((await answer.setEncoding('utf8').toArray()).join('')) as Status;
}
