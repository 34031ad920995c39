/**
 * Measures what a move of a connection costs in CPU time: of the worker that gives it, of the one that takes it, and of the primary.
 * Of two workers with silent connections one leaves, so that its connections go to the other. What the leaving costs without
 * connections is measured too, and subtracted. npm test leaves this out.
 *
 *     node out/test/soak/move-cost.js [--connections 8000] [--rounds 5] [--entry echoes.js]
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { names } from '../support/leftovers.ts';

const AT_ONCE = 100;
const SETTLED_MS = 1000;
/** How often the CPU time of the leaving worker is read, as it ends with its account. */
const LOOK_MS = 5;
const NS_PER_US = 1000;

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '8000' },
    rounds: { type: 'string', default: '5' },
    entry: { type: 'string', default: 'echoes.js' },
  },
});

/** CPU time in µs, of the three processes. */
type Cost = Record<'giver' | 'taker' | 'primary', number>;
const ROLES = ['giver', 'taker', 'primary'] as const;

const costs: Array<Cost & { readonly moved: number }> = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const without = await leave(0);
  const all = await leave(Number(values.connections));
  const { moved } = all;
  const cost = Object.fromEntries(ROLES.map((role) => [role, (all[role] - without[role]) / moved])) as Cost;
  console.log(`  ${moved} moved: ${ROLES.map((role) => `${role} ${cost[role].toFixed(1)}`).join(', ')} µs each`);
  costs.push({ ...cost, moved });
}
const medians = ROLES.map((role) => [role, median(costs.map((cost) => cost[role]))] as const);
console.log(
  `${process.version} ${values.entry} CPU of a move, median of ${costs.length}: ${medians.map(([role, us]) => `${role} ${us.toFixed(1)} µs`).join(', ')}, all ${medians.reduce((sum, [, us]) => sum + us, 0).toFixed(1)} µs`,
);

/** Has one of two workers leave, which has half of the connections, and counts the moves of these. */
async function leave(connections: number): Promise<Cost & { readonly moved: number }> {
  await using app = await serve({ entry: values.entry, options: ['--workers', '2', '--log-level', 'debug'] });
  const sockets = await open(app, connections);
  await delay(SETTLED_MS);
  const [taker, giver, primary] = [app.worker(0), app.worker(1), app.pid];
  const before = { giver: cpuOf(giver), taker: cpuOf(taker), primary: cpuOf(primary) };
  let last = before.giver;
  const watch = setInterval(() => (last = Math.max(last, cpuOf(giver))), LOOK_MS);
  app.signal('SIGTTOU');
  await app.event('worker stopped', { pid: giver });
  clearInterval(watch);
  const cost = {
    giver: last - before.giver,
    taker: cpuOf(taker) - before.taker,
    primary: cpuOf(primary) - before.primary,
  };
  const moved = Number(app.events('worker drained', { pid: giver })[0]!.fields['movedOut']);
  for (const socket of sockets) assert.ok(!socket.closed, 'a connection closed');
  for (const socket of sockets) socket.destroy();
  return { ...cost, moved };
}

async function open({ target }: App, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const group = Array.from({ length: AT_ONCE }, () => connect(target as { host: string; port: number }));
    await Promise.all(group.map(ask));
    sockets.push(...group);
  }
  return sockets;
}

async function ask(socket: Socket): Promise<void> {
  socket.write('GET / HTTP/1.1\r\nHost: moves\r\n\r\n');
  await once(socket, 'data');
}

/** Returns the CPU time of all threads of a process so far, in µs; 0 when it has ended. */
function cpuOf(pid: number): number {
  return names(`/proc/${pid}/task`).reduce((sum, thread) => {
    try {
      return sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / NS_PER_US;
    } catch {
      return sum;
    }
  }, 0);
}

function median(figures: readonly number[]): number {
  return figures.toSorted((one, other) => one - other)[figures.length >> 1]!;
}
