/** Tests more workers and fewer, at run time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';
import { ask, distinct, tally } from '../../support/http.ts';
import { ownSharings } from '../../support/platform.ts';

for (const sharing of ownSharings) {
  test(`TTIN is a worker more, TTOU one fewer, and no connection is refused, ${sharing}`, async () => {
    await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--sharing', sharing] });
    for (const workers of [3, 4]) {
      app.signal('SIGTTIN');
      await app.event('scaled', { workers });
      await distinct(workers, () => ask(app.target));
    }
    for (const workers of [3, 2, 1]) {
      app.signal('SIGTTOU');
      await app.event('scaled', { workers });
      // The sockets of the removed slots still get their share of connections.
      await tally(50, () => ask(app.target));
    }
    await app.event('worker stopped', { for: 'scale' }, 3);
    assert.deepEqual(await tally(100, () => ask(app.target)), new Map([[String(app.worker(0)), 100]]));

    app.signal('SIGTTIN');
    await app.event('scaled', { workers: 2 }, 2);
    const counts = await tally(200, () => ask(app.target));
    assert.equal(counts.size, 2, 'the slot has its socket for itself again');
  });
}

test('the last worker stays', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
  app.signal('SIGTTOU');
  const { fields } = await app.event('scaling failed');
  assert.match(fields['reason']!, /at least one/);
  assert.equal(await ask(app.target), String(app.worker(0)));
});
