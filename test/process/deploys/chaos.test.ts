/**
 * Treats a server badly at random: signals, kills, hangs, reloads, scalings and upgrades, in any order and all at once.
 * Whatever happens, the server serves when it is left alone again, and leaves nothing behind when it stops.
 *
 * PREFORK_CHAOS_SECONDS sets the duration (default 4), and PREFORK_CHAOS_SEED the events (default: random, and
 * printed).
 */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../../src/control/controls.ts';
import { serve, type App } from '../../support/app.ts';
import { get } from '../../support/http.ts';
import { isAlive } from '../../support/leftovers.ts';
import { sharings } from '../../support/platform.ts';
import { Random } from '../../support/random.ts';
import { poll } from '../../support/watched.ts';

const seconds = Number(process.env['PREFORK_CHAOS_SECONDS'] ?? 4);
const seed = Number(process.env['PREFORK_CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** The time between two signals, and between other events, in ms. */
const SIGNAL_EVERY_MS = 10;
const BLOW_EVERY_MS = 50;

const controlOf = (app: App): { socketPath: string } => {
  const [socketPath] = app.controlSockets;
  if (socketPath === undefined) throw new Error('it has no control socket now');
  return { socketPath };
};

async function statusOf(app: App): Promise<Status> {
  const { body } = await get(controlOf(app), { path: '/status' });
  return JSON.parse(body) as Status;
}

/**
 * Returns the status once nothing is going on any more, and it is true: these processes live, and no others of this server. A primary that
 * has been upgraded passes on, as one of its last acts, what waited for the upgrade. So the next one may seem calm before that.
 */
function calm(app: App): Promise<Status> {
  return poll(async () => {
    const status = await statusOf(app).catch(() => undefined);
    return status !== undefined && isCalm(status) && isTrue(app, status) ? status : undefined;
  }, 'a calm server whose status is true');
}

function isCalm({ phase, operation, leaving, slots }: Status): boolean {
  const isServing = slots.every(({ state, worker }) => state === 'serving' && worker?.state === 'serving');
  return phase === 'serving' && operation === null && leaving.length === 0 && isServing;
}

function isTrue(app: App, { pid, slots, spares }: Status): boolean {
  const workers = [...slots.map(({ worker }) => worker!.pid!), ...spares.map((spare) => spare.pid!)];
  return JSON.stringify(app.processes.toSorted()) === JSON.stringify([pid, ...workers].toSorted());
}

/** Ends the present primary, whichever that is. */
async function end(app: App, { pid }: Status): Promise<void> {
  process.kill(pid, 'SIGTERM');
  await poll(() => !isAlive(pid) || undefined, 'the end of the primary');
  await app.gone();
  await app.exit();
}

const signals = ['SIGHUP', 'SIGTTIN', 'SIGTTOU', 'SIGHUP', 'SIGTTOU'] as const;

for (const sharing of sharings) {
  test(`signals in any order, ${sharing}`, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = new Random(seed);
    await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--sharing', sharing] });
    const count = (seconds * 1000) / SIGNAL_EVERY_MS;
    for (let sent = 0; sent < count; sent++) {
      app.signal(random.pick(signals));
      await delay(SIGNAL_EVERY_MS);
    }
    const status = await calm(app);
    assert.equal(status.pid, app.pid);
    assert.equal((await get(app.target)).status, 200);
  });
}

type Blow = (app: App, status: Status, random: Random) => void;

const aWorker = ({ slots }: Status, random: Random): number | undefined =>
  random.pick(slots.flatMap(({ worker }) => worker?.pid ?? []));

/** Signals a process that may have ended meanwhile. */
function send(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, signal);
  } catch {
    // The process has ended.
  }
}

const blows: readonly Blow[] = [
  (_app, status, random) => send(aWorker(status, random), 'SIGKILL'),
  (_app, status, random) => send(aWorker(status, random), 'SIGSEGV'),
  (_app, status, random) => {
    const pid = aWorker(status, random);
    send(pid, 'SIGSTOP');
    setTimeout(() => send(pid, 'SIGCONT'), random.between(10, 1500));
  },
  (_app, { pid }) => send(pid, 'SIGHUP'),
  (_app, { pid }, random) => send(pid, random.pick(['SIGTTIN', 'SIGTTOU'] as const)),
  (app) => void get(controlOf(app), { path: '/reload', method: 'POST' }).catch(() => {}),
  (app, _status, random) =>
    void get(controlOf(app), { path: `/scale?workers=${random.between(1, 4)}`, method: 'POST' }).catch(() => {}),
];

for (const spares of [0, 1]) {
  test(`blows of every kind, ${spares} spares`, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = new Random(seed + spares);
    const options = ['--workers', '2', '--spares', String(spares), '--recover-interval', '20ms'];
    await using app = await serve({ entry: 'hello.js', options });
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {
      const status = await statusOf(app).catch(() => undefined);
      if (status?.phase === 'serving') random.pick(blows)(app, status, random);
      await delay(BLOW_EVERY_MS);
    }
    // A stopped process continues within this time.
    await delay(1500);
    await calm(app);
    for (let asked = 0; asked < 20; asked++) assert.equal((await get(app.target)).status, 200);
  });
}

test('upgrades among blows', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--recover-interval', '20ms'] });
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const status = await statusOf(app).catch(() => undefined);
    if (status?.phase === 'serving') {
      if (random.between(0, 3) === 0) send(status.pid, 'SIGUSR2');
      else random.pick(blows)(app, status, random);
    }
    await delay(BLOW_EVERY_MS * 2);
  }
  await delay(1500);
  const status = await calm(app);
  assert.equal((await get(app.target)).status, 200);
  await end(app, status);
});
