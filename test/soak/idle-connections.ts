/**
 * Reloads a server that has many silent connections, beside clients that are busy. Tells how soon the old workers are gone, and what
 * the busy clients notice: in a time without a reload, during reloads without silent connections, and during reloads with them.
 * npm test leaves this out.
 *
 *     node out/test/soak/idle-connections.js [--idle 10000] [--reloads 5] [--busy 64] [--pause 50] [--workers 2] [--entry echoes.js]
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve, type Target } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';
import { reload } from '../support/reloads.ts';

/** The number of connections that are opened at once, and of silent ones that ask at once in the end. */
const AT_ONCE = 100;
const QUIET_MS = 10_000;
/** A busy client may see this much more than in a time without a reload. */
const MOST_P99 = 1.5;
/** The old workers have to be gone within this time. */
const GONE_WITHIN_MS = 5000;
const REQUEST = 'GET /idle HTTP/1.1\r\nHost: idle\r\n\r\n';

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '10000' },
    reloads: { type: 'string', default: '5' },
    busy: { type: 'string', default: '64' },
    pause: { type: 'string', default: '50' },
    workers: { type: 'string', default: '2' },
    entry: { type: 'string', default: 'echoes.js' },
  },
});
const reloads = Number(values.reloads);

await using app = await serve({
  entry: values.entry,
  options: ['--workers', values.workers, '--log-level', 'debug'],
});
const closed: Socket[] = [];
let reloaded = 0;

const quiet = await busyDuring(() => delay(QUIET_MS));
const without = await busyDuring(deploy);
const idle = await openIdle(app.target);
const meanwhile = await busyDuring(deploy);

console.log(process.version, values.entry, `${idle.length} idle, ${values.busy} busy, ${reloads} reloads`);
for (const [name, { p99, took, gone }] of Object.entries({ quiet, without, meanwhile })) {
  const reloading =
    gone.length > 0 ? `; each took, ms: ${took.join(' ')}; old workers gone after: ${gone.join(' ')}` : '';
  console.log(`  ${name}: p99 ${p99.toFixed(1)} ms, ${(p99 / quiet.p99).toFixed(2)} of quiet${reloading}`);
}
assert.equal(closed.length, 0, 'silent connections that closed');
await inGroups(idle, ask);
for (const socket of idle) socket.destroy();
assert.ok(Math.max(...meanwhile.gone) <= GONE_WITHIN_MS, 'the old workers stay too long');
assert.ok(meanwhile.p99 <= MOST_P99 * quiet.p99, 'the busy clients notice it');

interface Figures {
  /** The p99 of the busy clients in ms. */
  readonly p99: number;
  /** The time of each reload, with the end of its old workers, in ms. */
  readonly took: readonly number[];
  /** The time from the end of each reload to that of its old workers, in ms. */
  readonly gone: readonly number[];
}

interface Deploys {
  readonly took: number[];
  readonly gone: number[];
}

async function busyDuring(happens: () => Promise<Deploys | void>): Promise<Figures> {
  const kept = await KeptConnections.open(app.target, {
    connections: Number(values.busy),
    pause: Number(values.pause),
  });
  const deploys = (await happens()) ?? { took: [], gone: [] };
  const { times, answers: _, ...report } = await kept.stop();
  assert.deepEqual(report, { closed: 0, toldToClose: 0, lost: 0, wrong: 0, failures: [] });
  return { p99: times[Math.floor(times.length * 0.99)]!, ...deploys };
}

async function deploy(): Promise<Deploys> {
  const deploys: Deploys = { took: [], gone: [] };
  for (let count = 0; count < reloads; count++) {
    const startedAt = performance.now();
    deploys.gone.push(await reload(app, ++reloaded));
    deploys.took.push(Math.round(performance.now() - startedAt));
  }
  return deploys;
}

/** Opens the silent ones, each of which asks once. */
async function openIdle(target: Target): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < Number(values.idle)) {
    const group = Array.from({ length: AT_ONCE }, () => connect(target as { host: string; port: number }));
    await Promise.all(group.map(ask));
    for (const socket of group) socket.once('close', () => closed.push(socket));
    sockets.push(...group);
  }
  return sockets;
}

async function inGroups(sockets: readonly Socket[], act: (socket: Socket) => Promise<void>): Promise<void> {
  for (let from = 0; from < sockets.length; from += AT_ONCE) {
    await Promise.all(sockets.slice(from, from + AT_ONCE).map(act));
  }
}

async function ask(socket: Socket): Promise<void> {
  socket.write(REQUEST);
  const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 200 /);
}
