/** What an application does with channels: to children of its own, and to prefork. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { ownSharings } from '../../support/platform.ts';

for (const sharing of ownSharings) {
  test(`a server that is sent to a child accepts in both, ${sharing}`, async () => {
    const options = ['--workers', '1', '--sharing', sharing];
    await using app = await serve({ entry: 'sends-its-server.cjs', options });
    const heard = new Set<string>();
    while (heard.size < 2) heard.add(await text(connect(app.port, '127.0.0.1')));
    assert.deepEqual([...heard].toSorted(), ['child', 'worker']);
    assert.equal(app.events('worker exited').length, 0);
  });
}

test('a worker whose application closes the channel finishes, is replaced, and the log says why', async () => {
  const entry = `const { createServer } = require('node:http');
    createServer((request, response) => {
      response.end('ok');
      if (request.url === '/disconnect') process.disconnect();
    }).listen(process.env.PORT);`;
  await using app = await serve({
    entry: './app.cjs',
    files: { 'app.cjs': entry },
    options: ['--workers', '1', '--shutdown-grace-period', '2s'],
  });
  assert.equal(await ask(app.target, '/disconnect'), 'ok');
  const { fields } = await app.event('worker exited');
  assert.equal(fields['reason'], 'disconnected');
  assert.match(fields['why']!, /process\.disconnect/);
  await app.event('worker ready', {}, 2);
  assert.equal(await ask(app.target), 'ok');
});
