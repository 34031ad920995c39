/** Tests workers that are replaced as planned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';
import { ask, tally } from '../../support/http.ts';

test('after so many requests', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--max-requests', '100'] });
  await tally(400, () => ask(app.target));
  await app.event('worker stopped', { for: 'max-requests' }, 2);
  assert.deepEqual(app.events('worker exited'), []);
  assert.match(await ask(app.target), /^\d+$/);
});

test('after so long, one at a time', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--max-lifetime', '1s'] });
  await app.event('worker stopped', { for: 'max-lifetime' }, 4);
  // Workers are replaced one at a time: each recycling is followed by its successor.
  const order = app.log.map(({ name }) => name).filter((name) => name === 'recycling' || name === 'worker ready');
  for (const [index, name] of order.slice(2).entries()) {
    assert.equal(name, index % 2 === 0 ? 'recycling' : 'worker ready', order.join(', '));
  }
});

test('when it has grown too large', async () => {
  await using app = await serve({ entry: 'grows.js', options: ['--workers', '1', '--max-memory', '150mb'] });
  const before = app.worker(0);
  for (let times = 0; times < 8; times++) await ask(app.target, '/grow');
  await app.event('worker stopped', { pid: before, for: 'max-memory' });
  assert.notEqual(await ask(app.target), String(before));
});

test('by a spare, if there is one', async () => {
  const options = ['--workers', '1', '--spares', '1', '--max-requests', '50'];
  await using app = await serve({ entry: 'hello.js', options });
  const spare = (await app.event('spare ready')).fields['pid'];
  await tally(60, () => ask(app.target));
  await app.event('worker ready', { slot: 0, pid: spare! });
  assert.equal(app.events('spare ready').length <= 2, true);
});

test('a replacement that does not boot leaves the old worker serving', async () => {
  const good = `import { createServer } from 'node:http';
    import { existsSync, writeFileSync } from 'node:fs';
    if (existsSync('booted')) throw new Error('only once');
    writeFileSync('booted', '');
    createServer((_request, response) => response.end('old')).listen(process.env.PORT);`;
  await using app = await serve({
    entry: './app.mjs',
    files: { 'app.mjs': good },
    options: ['--workers', '1', '--max-requests', '20'],
  });
  await tally(40, () => ask(app.target));
  const { fields } = await app.event('recycling failed');
  assert.match(fields['reason']!, /only once/);
  assert.equal(await ask(app.target), 'old');
});
