/**
 * Runs clients that never reconnect while a server is deployed again and again. None of their connections may close, no
 * answer may say `Connection: close`, and none may be lost or wrong. npm test leaves this out.
 *
 *     node out/test/soak/kept-connections.js [--reloads n] [--scales n] [--recycles n] [--upgrades n]
 *         [--connections 64] [--traffic get|post|idle] [--pause ms] [--over tcp|unix]
 *         [--entry echoes.js|http-echoes.js|express-echoes.js|fastify-echoes.js]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';
import { reload } from '../support/reloads.ts';
import { endSuccessor, upgraded } from '../support/upgrades.ts';

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '0' },
    scales: { type: 'string', default: '0' },
    recycles: { type: 'string', default: '0' },
    upgrades: { type: 'string', default: '0' },
    connections: { type: 'string', default: '64' },
    traffic: { type: 'string', default: 'get' },
    pause: { type: 'string', default: '0' },
    over: { type: 'string', default: 'tcp' },
    entry: { type: 'string', default: 'echoes.js' },
  },
});
const [reloads, scales, recycles, upgrades] = [values.reloads, values.scales, values.recycles, values.upgrades].map(
  Number,
) as [number, number, number, number];

/** Recycling begins after so many requests of a worker. */
const recycling = recycles > 0 ? ['--max-requests', '2000'] : [];

const app = await serve({
  entry: values.entry,
  options: ['--workers', '2', '--log-level', 'debug', ...recycling],
  ...(values.over === 'unix' && { env: { PORT: join('/tmp', `kept-${process.pid}.sock`) } }),
});
const kept = await KeptConnections.open(app.target, {
  connections: Number(values.connections),
  traffic: values.traffic as 'get' | 'post' | 'idle',
  pause: Number(values.pause),
});

const gone: number[] = [];
for (let nth = 1; nth <= reloads; nth++) gone.push(await reload(app, nth));
for (let nth = 1; nth <= scales; nth++) await scale(app, nth);
if (recycles > 0) await app.event('recycling', {}, recycles);
let primary = app.pid;
for (let nth = 1; nth <= upgrades; nth++) {
  process.kill(primary, 'SIGUSR2');
  primary = await upgraded(app, nth);
}

const { times, ...report } = await kept.stop();
if (primary === app.pid) await app[Symbol.asyncDispose]();
else await endSuccessor(app, primary);
const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
const done = { reloads, scales, recycles: app.events('recycling').length, upgrades };
console.log(process.version, values.entry, values.over, values.traffic, JSON.stringify(done), JSON.stringify(report));
console.log(`  response times, ms: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(0.9999)}`);
if (report.closed + report.toldToClose + report.lost + report.wrong > 0) {
  for (const { name, fields } of app.events('worker drained')) console.log(' ', name, JSON.stringify(fields));
  process.exitCode = 1;
}
if (gone.length > 0) console.log(`  the old workers of a reload were gone after, ms: ${gone.join(' ')}`);

/** Scales between 2 workers and 8, and back, by turns. */
async function scale(server: App, nth: number): Promise<void> {
  const isUp = nth % 2 === 1;
  for (let step = 1; step <= 6; step++) {
    server.signal(isUp ? 'SIGTTIN' : 'SIGTTOU');
    await server.event('scaled', {}, 6 * (nth - 1) + step);
  }
}
