/**
 * Takes a release back again and again, whose predecessor's files are deleted, while clients that never connect again keep the
 * server busy. Each rollback has to be done within 50 ms, and no connection may notice. npm test leaves this out.
 *
 *     node out/test/soak/rollback.js [--rounds 20] [--workers 2] [--connections 64] [--pause 20]
 */
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve, type App } from '../support/app.ts';
import { KeptConnections } from '../support/kept-connections.ts';
import { fixture } from '../support/paths.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    pause: { type: 'string', default: '20' },
  },
});
const LONGEST_MS = 50;
const ENTRY = 'app.mjs';
const text = readFileSync(fixture('echoes.js'), 'utf8');

const app = await serve({
  entry: `./${ENTRY}`,
  files: { [ENTRY]: text },
  options: ['--workers', values.workers, '--keep-previous', '5m', '--log-level', 'debug'],
});
const connections = Number(values.connections);
const clients = await KeptConnections.open(app.target, { connections, pause: Number(values.pause) });
const idle = await KeptConnections.open(app.target, { connections, traffic: 'idle' });
const took: number[] = [];
for (let nth = 1; nth <= Number(values.rounds); nth++) {
  writeFileSync(join(app.directory, ENTRY), text);
  app.signal('SIGHUP');
  await app.event('reload done', { gen: nth + 1 });
  rmSync(join(app.directory, ENTRY));
  // The connections are where they belong again, and clients have asked meanwhile.
  await delay(1000);
  const startedAt = performance.now();
  await rollBack(app);
  took.push(performance.now() - startedAt);
  await delay(500);
}
const reports = { busy: await clients.stop(), idle: await idle.stop() };
const boots = app.events('worker forked').length;
await app[Symbol.asyncDispose]();

const sorted = took.toSorted((one, other) => one - other);
const within = took.filter((ms) => ms <= LONGEST_MS).length;
const expected = Number(values.workers) * (1 + took.length);
console.log(
  `node ${process.version}: ${took.length} rollbacks, ${within} within ${LONGEST_MS} ms: median ${sorted[sorted.length >> 1]!.toFixed(1)} ms, longest ${sorted.at(-1)!.toFixed(1)} ms; ` +
    `${boots - expected} boots more than those of the reloads`,
);
let noticed = 0;
for (const [name, { times, ...report }] of Object.entries(reports)) {
  console.log(`  ${name}: ${JSON.stringify(report)}, longest answer ${(times.at(-1) ?? 0).toFixed(0)} ms`);
  noticed += report.closed + report.toldToClose + report.lost + report.wrong;
}
if (noticed > 0 || within < took.length || boots !== expected) process.exitCode = 1;

/** Asks the control socket, as the command does. Settles when the workers of before serve again. */
async function rollBack({ controlSockets: [socketPath] }: App): Promise<void> {
  const asked = request({ socketPath, path: '/rollback', method: 'POST' }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const said = (await answer.setEncoding('utf8').toArray()).join('');
  if (answer.statusCode !== 200) throw new Error(`rollback: ${said}`);
}
