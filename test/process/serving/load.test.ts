/** Tests how workers share connections, and what becomes of connections when workers are killed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, type App, type Target } from '../../support/app.ts';
import { ask, tally } from '../../support/http.ts';
import { isAlive } from '../../support/leftovers.ts';
import { hasReuseport, ownSharings, sharings } from '../../support/platform.ts';

const twoWorkers = ['--workers', '2'];

test('of 1,000 connections each of two workers gets 40 to 60 %', { skip: !hasReuseport() }, async () => {
  await using app = await serve({ entry: 'hello.js', options: [...twoWorkers, '--sharing', 'reuseport'] });
  const counts = await tally(1000, () => ask(app.target));
  assert.deepEqual(new Set([...counts.keys()].map(Number)), new Set(app.workers.values()));
  // The kernel chooses at random. A standard deviation is 1.6 %, so this fails once in billions of runs.
  for (const count of counts.values()) assert.ok(count >= 400 && count <= 600, [...counts.values()].join(' and '));
});

test('of 1,000 connections none fails, however they are shared', async () => {
  for (const sharing of sharings) {
    await using app = await serve({ entry: 'hello.js', options: [...twoWorkers, '--sharing', sharing] });
    const counts = await tally(1000, () => ask(app.target));
    assert.deepEqual(new Set([...counts.keys()].map(Number)), new Set(app.workers.values()), sharing);
  }
});

/** The number of kills, the time between two, and the number of clients that reveal losses. */
const KILLS = 8;
const KILL_EVERY_MS = 500;
const CLIENTS = 16;

for (const [sharing, spares] of ownSharings.flatMap((mode) => [[mode, 0] as const, [mode, 1] as const])) {
  test(`workers killed under load: only what they had accepted is lost, ${sharing}, ${spares} spares`, async () => {
    const options = [...twoWorkers, '--sharing', sharing, '--spares', String(spares)];
    await using app = await serve({ entry: 'logs-connections.js', options });
    const { target } = app;
    const over = new AbortController();
    const clients = Promise.all(Array.from({ length: CLIENTS }, () => visits(target, over.signal)));
    const began = performance.now();
    const killed = await killInTurns(app);
    const took = performance.now() - began;
    over.abort();
    const all = (await clients).flat();

    const failed = all.filter(({ error }) => error !== undefined);
    const [lost, others] = [failed.filter(isReset), failed.filter((visit) => !isReset(visit))];
    assert.deepEqual(others, [], 'refused, or anything but reset');
    const accepted = acceptedBy(app, killed);
    const unexplained = lost.filter(({ localPort }) => !accepted.has(localPort));
    // A worker accepts one connection in each turn of its loop, and may be killed before it has recorded it.
    assert.ok(unexplained.length <= killed.length, `${unexplained.length} resets that no killed worker had accepted`);
    // The machine determines how many and how soon. The point is that the answers never stopped.
    assert.ok(all.length - failed.length > 100, `${all.length - failed.length} answers`);
    assert.ok(longestGap(all) < took, `${longestGap(all)} ms without an answer`);
  });
}

interface Visit {
  readonly localPort: number;
  /** When it was answered or failed, in ms. */
  readonly at: number;
  readonly error: string | undefined;
}

async function visits(target: Target, over: AbortSignal): Promise<Visit[]> {
  const done: Visit[] = [];
  while (!over.aborted) done.push(await visit(target));
  return done;
}

/** Sends a request on a connection of its own. An answer that is cut off counts as a reset, however its end looks. */
function visit(target: Target): Promise<Visit> {
  return new Promise((resolve) => {
    const socket = connect(target as { host: string; port: number });
    let localPort = 0;
    let answer = '';
    const settle = (error?: string): void => {
      socket.destroy();
      resolve({ localPort, at: performance.now(), error });
    };
    socket.once('connect', () => {
      localPort = socket.localPort!;
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    });
    socket.setTimeout(10_000, () => settle('ETIMEDOUT'));
    socket.on('data', (chunk) => (answer += chunk));
    socket.once('end', () => settle(/^HTTP\/1\.1 200 [^]*\r\n\r\n[^]*\d+/.test(answer) ? undefined : 'ECONNRESET'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => settle(code));
  });
}

function isReset({ error }: Visit): boolean {
  return error === 'ECONNRESET' || error === 'EPIPE';
}

/**
 * Kills workers one after another, as they come.
 *
 * @returns their pids.
 */
async function killInTurns(app: App): Promise<number[]> {
  const killed: number[] = [];
  for (let slot = 0; killed.length < KILLS; slot = 1 - slot) {
    await delay(KILL_EVERY_MS);
    const pid = [app.worker(slot), app.worker(1 - slot)].find((one) => !killed.includes(one) && isAlive(one));
    if (pid === undefined) continue;
    process.kill(pid, 'SIGKILL');
    killed.push(pid);
  }
  return killed;
}

/** Lists the clients' ports that these workers have recorded. */
function acceptedBy(app: App, pids: readonly number[]): Set<number> {
  const files = readdirSync(app.directory).filter((name) => pids.some((pid) => name === `accepted-${pid}`));
  return new Set(files.flatMap((name) => readFileSync(join(app.directory, name), 'utf8').split('\n').map(Number)));
}

function longestGap(all: readonly Visit[]): number {
  const times = all
    .filter(({ error }) => error === undefined)
    .map(({ at }) => at)
    .toSorted((a, b) => a - b);
  return Math.max(...times.slice(1).map((time, index) => time - times[index]!));
}
