/**
 * Reloads a server behind nginx, which keeps its connections to it. nginx may answer no 502, and opens as many connections as it does
 * without reloads. Needs nginx. npm test leaves this out.
 *
 *     node out/test/soak/nginx-upstream.js [--reloads 20] [--connections 32] [--traffic get|post] [--entry echoes.js] [--over tcp|unix]
 */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve, type Target } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';
import { Nginx } from '../support/nginx.ts';
import { reload } from '../support/reloads.ts';
import { adminOf, sumOf } from '../support/scrape.ts';
import { poll } from '../support/watched.ts';

/** nginx keeps so many idle connections to the server. */
const UPSTREAM_KEPT = 32;
const QUIET_MS = 5000;
/** Workers tell with their heartbeats what they have accepted. */
const TOLD_WITHIN_MS = 1500;

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '20' },
    connections: { type: 'string', default: '32' },
    traffic: { type: 'string', default: 'get' },
    entry: { type: 'string', default: 'echoes.js' },
    over: { type: 'string', default: 'tcp' },
  },
});
const reloads = Number(values.reloads);

await using app = await serve({
  entry: values.entry,
  options: ['--workers', '2', '--admin', '0', '--log-level', 'debug'],
  // Processes of nginx belong to another user.
  isOpen: true,
  ...(values.over === 'unix' && { env: { PORT: join('/tmp', `upstream-${process.pid}.sock`) } }),
});
if ('socketPath' in app.target) chmodSync(app.target.socketPath, 0o777);
const admin = await adminOf(app);
await using nginx = await Nginx.open(app.target, UPSTREAM_KEPT);
const gone: number[] = [];
const stages = {
  'at first': await opened(nginx.target, () => delay(QUIET_MS)),
  quiet: await opened(nginx.target, () => delay(QUIET_MS)),
  reloading: await opened(nginx.target, async () => {
    for (let nth = 1; nth <= reloads; nth++) gone.push(await reload(app, nth));
  }),
};

console.log(
  process.version,
  values.entry,
  values.over,
  values.traffic,
  `${values.connections} clients, ${reloads} reloads`,
);
for (const [name, { answers, connections }] of Object.entries(stages)) {
  console.log(`  ${name}: ${answers} answers, ${connections} new connections of nginx to the server`);
}
const moved = await sumOf(admin, 'prefork_connections_moved_total{', 'reason="drain",outcome="taken"');
console.log(`  moved by drains: ${moved}; the old workers of a reload were gone after, ms: ${gone.join(' ')}`);
assert.equal(nginx.complaints, '');
assert.ok(moved > 0, 'nothing moved');
assert.ok(stages.reloading.connections <= stages.quiet.connections, 'nginx connected again');

interface Stage {
  readonly answers: number;
  /** The number of connections that the server accepted. */
  readonly connections: number;
}

/** Has clients of nginx ask all the time while something happens. All answers have to be right, so none is a 502. */
async function opened(target: Target, happens: () => Promise<void>): Promise<Stage> {
  const before = await accepted();
  const kept = await KeptConnections.open(target, {
    connections: Number(values.connections),
    traffic: values.traffic as 'get' | 'post',
  });
  await happens();
  const { times: _, answers, ...report } = await kept.stop();
  assert.deepEqual(report, { closed: 0, toldToClose: 0, lost: 0, wrong: 0, failures: [] });
  return { answers, connections: (await accepted()) - before };
}

async function accepted(): Promise<number> {
  let last = -1;
  return poll(async () => {
    const now = await sumOf(admin, 'prefork_connections_accepted_total{');
    const isStill = now === last;
    last = now;
    if (isStill) return now;
    await delay(TOLD_WITHIN_MS);
    return undefined;
  }, 'the number of accepted connections');
}
