/**
 * Tests that a server that stops is no longer ready before it stops accepting, because load balancers need time to see
 * it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';
import { ask, get, untilRefused } from '../../support/http.ts';

test('--drain-delay: not ready, but accepting, and then the stop', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--drain-delay', '1s'] });
  const [socketPath] = app.controlSockets;
  const readiness = () => get({ socketPath: socketPath! }, { path: '/readyz' });
  assert.equal((await readiness()).status, 200);

  app.signal('SIGTERM');
  await app.event('stopping', { signal: 'SIGTERM', delay: '1s' });
  const { status, body } = await readiness();
  assert.equal(status, 503);
  assert.match(body, /stopping/);
  assert.equal((await get({ socketPath: socketPath! }, { path: '/healthz' })).status, 200);
  assert.match(await ask(app.target), /^\d+$/);
  assert.deepEqual(app.events('worker stopped'), []);

  assert.deepEqual(await app.exit(), { code: 0, signal: null });
  await untilRefused(app.target);
});

test('a second signal ends the delay', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--drain-delay', '1h'] });
  app.signal('SIGTERM');
  await app.event('stopping');
  app.signal('SIGTERM');
  assert.deepEqual(await app.exit(), { code: 0, signal: null });
});
