/** Tests workers that are booted and wait, so that a crash costs no boot. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { ownSharings } from '../../support/platform.ts';

for (const sharing of ownSharings) {
  test(`a spare takes the slot of a worker that is killed, and is replaced, ${sharing}`, async () => {
    const options = ['--workers', '1', '--spares', '1', '--sharing', sharing];
    await using app = await serve({ entry: 'hello.js', options });
    for (let nth = 1; nth <= 3; nth++) {
      const spare = Number((await app.event('spare ready', {}, nth)).fields['pid']);
      process.kill(app.worker(0), 'SIGKILL');
      await app.event('worker exited', { signal: 'SIGKILL' }, nth);
      assert.equal(await ask(app.target), String(spare));
      await app.event('worker ready', { slot: 0, pid: spare });
    }
  });
}

test('a spare learns its slot when it has one', async () => {
  await using app = await serve({ entry: 'tells-its-slot.js', options: ['--workers', '1', '--spares', '1'] });
  await app.event('spare ready');
  process.kill(app.worker(0), 'SIGKILL');
  await app.event('worker ready', { slot: 0 }, 2);
  await app.output(/slot 0/);
});

test('a spare that crashes is replaced, with a backoff while it goes on, and the server serves', async () => {
  const app = `import { createServer } from 'node:http';
    if (process.env.PREFORK_SLOT === undefined) throw new Error('not without a slot');
    createServer((_request, response) => response.end('served')).listen(process.env.PORT);`;
  await using server = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': app },
    options: ['--workers', '1', '--spares', '1', '--recover-interval', '50ms'],
  });
  const { fields } = await server.event('worker exited', {}, 3);
  assert.match(fields['why']!, /not without a slot/);
  assert.equal(fields['slot'], undefined);
  assert.equal(await ask(server.target), 'served');
});

test('a reload replaces spares too', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1', '--spares', '2'] });
  await app.event('spare ready', { gen: 1 }, 2);
  app.signal('SIGHUP');
  await app.event('spare ready', { gen: 2 }, 2);
  await app.event('worker stopped', { gen: 1, for: 'reload' }, 3);
});
