/** Tests that the status of a running server fits the published schema, whatever its state. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import type { SlotStatus, Status } from '../../../src/control/controls.ts';
import { serve, startApp, type App } from '../../support/app.ts';
import { ask, connected, Exchange } from '../../support/http.ts';
import { assertStatus } from '../../support/status-schema.ts';
import { poll } from '../../support/watched.ts';

/** Returns the first status that holds. Every status before it must fit the schema too. */
function until(app: App, what: string, holds: (status: Status) => boolean): Promise<Status> {
  return poll(async () => {
    const [socketPath] = app.controlSockets;
    if (socketPath === undefined) return undefined;
    const status: unknown = JSON.parse(await ask({ socketPath }, '/status'));
    assertStatus(status);
    return holds(status as Status) ? (status as Status) : undefined;
  }, what);
}

const some = (holds: (slot: SlotStatus) => boolean) => (status: Status) => status.slots.some(holds);

test('starting, and given up', async () => {
  await using app = await startApp({ entry: 'never-listens.js', options: ['--workers', '2'] });
  await until(app, 'a server that starts', ({ phase, slots }) => phase === 'starting' && slots[0]?.state === 'booting');
});

test('serving with figures, a spare, and a worker that hangs', async () => {
  const options = ['--workers', '2', '--spares', '1', '--heartbeat-timeout', '0'];
  await using app = await serve({ entry: 'hangs-on-request.js', options });
  await app.event('spare ready');
  await ask(app.target);
  const served = await until(
    app,
    'a request',
    some(({ worker }) => worker?.vitals?.durations.some(Boolean) === true),
  );
  assert.equal(served.spares[0]?.slot, null);
  const socket = await connected(app.target);
  socket.on('error', () => {}).write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
  const { fields } = await app.event('worker hung');
  await until(
    app,
    'a worker that hangs',
    some(({ worker }) => worker?.state === 'hung'),
  );
  process.kill(Number(fields['pid']), 'SIGKILL');
  await until(
    app,
    'how it ended',
    some(({ lastExit }) => lastExit?.reason === 'signal'),
  );
});

test('a slot that waits, as its workers crash', async () => {
  const code = `require('node:http')
    .createServer((_request, response) => response.end())
    .listen(process.env.PORT);
    if (process.env.PREFORK_SLOT === '1') setInterval(() => require('node:fs').existsSync('crash') && process.exit(3), 10);`;
  const options = ['--workers', '2', '--recover-interval', '30s', '--recover-threshold', '100'];
  await using app = await serve({ entry: './app.cjs', files: { 'app.cjs': code }, options });
  // The crash must come after all workers serve, because an application that ends in its first start ends the server.
  writeFileSync(join(app.directory, 'crash'), '');
  const { slots } = await until(
    app,
    'the backoff',
    some(({ state }) => state === 'waiting'),
  );
  assert.equal(slots[1]?.lastExit?.reason, 'code');
  assert.equal(slots[1].worker, null);
});

test('a reload on its way, one that failed, a worker that drains, and a stop', async () => {
  const good = `require('node:http').createServer((request, response) => request.pipe(response)).listen(process.env.PORT);`;
  await using app = await serve({ entry: './app.cjs', files: { 'app.cjs': good }, options: ['--workers', '1'] });
  const file = join(app.directory, 'app.cjs');
  writeFileSync(file, `throw new Error('no database');`);
  app.signal('SIGHUP');
  const failed = await until(app, 'a reload that failed', ({ reloads }) => reloads.failed === 1);
  assert.match(failed.reloads.last!.reason!, /no database|slot 0/);
  writeFileSync(file, `setTimeout(() => {}, 1e6);`);
  app.signal('SIGHUP');
  await until(app, 'a reload', ({ operation, slots }) => operation === 'reload' && slots[0]?.successor !== null);
  const { slots } = await until(
    app,
    'its worker',
    some(({ successor }) => typeof successor?.pid === 'number'),
  );
  writeFileSync(file, good);
  process.kill(slots[0]!.successor!.pid!, 'SIGKILL');
  await until(app, 'its end', ({ operation }) => operation === null);
  const exchange = await Exchange.open(app.target);
  app.signal('SIGHUP');
  await until(app, 'a worker that drains', ({ leaving }) => leaving[0]?.state === 'draining');
  app.signal('SIGTERM');
  await until(app, 'a server that stops', ({ phase }) => phase === 'stopping');
  await exchange.finish();
});
