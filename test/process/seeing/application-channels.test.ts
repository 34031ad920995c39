/** Tests what an application does with channels: to children of its own, and to prefork. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';
import { ask } from '../../support/http.ts';
import { ownSharings, sharings } from '../../support/platform.ts';
import { compromised, inside } from '../../support/separated.ts';

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

/**
 * Returns a program that sends what `chosen` makes of a server to a child, which listens on it. The program answers
 * with what a client of the child gets.
 */
const sends = (chosen: string): string => `const { once } = require('node:events');
  const { spawn } = require('node:child_process');
  const { connect, createServer } = require('node:net');
  const program = \`process.on('message', (_message, handle) => {
    require('node:net').createServer((socket) => socket.end('child')).listen(handle, () => process.send('listens'));
  })\`;
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    child.send('server', ${chosen});
    await once(child, 'message');
    server.close();
    const [answer] = await once(connect(port, '127.0.0.1'), 'data');
    return String(answer);
  } finally {
    child.kill();
    server.close();
  }`;

for (const sharing of sharings) {
  const options = ['--workers', '1', '--sharing', sharing];
  const files = { 'app.cjs': compromised };

  test(`a server or its handle is sent, or that is an error, ${sharing}`, async () => {
    await using app = await serve({ entry: './app.cjs', files, options });
    const outcome = sharing === 'round-robin' ? { error: 'ERR_INVALID_HANDLE_TYPE' } : { value: 'child' };
    assert.deepEqual(await inside(app.target, sends('server')), outcome);
    assert.deepEqual(await inside(app.target, sends('server._handle')), outcome);
    assert.deepEqual(app.events('worker exited'), []);
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

/** Each is a farewell of the application to its primary, as node:cluster documents them. */
for (const farewell of ['process.disconnect()', 'require("node:cluster").worker.disconnect()']) {
  test(`after ${farewell} the listeners to exit run`, async () => {
    const entry = `const { createServer } = require('node:http');
      process.on('exit', (code) => console.log('exit', code));
      createServer((request, response) => {
        response.end('ok');
        if (request.url === '/leave') ${farewell};
      }).listen(process.env.PORT);`;
    await using app = await serve({
      entry: './app.cjs',
      files: { 'app.cjs': entry },
      options: ['--workers', '1', '--shutdown-grace-period', '2s'],
    });
    assert.equal(await ask(app.target, '/leave'), 'ok');
    const { fields } = await app.event('worker exited', { code: '0' });
    assert.equal(fields['reason'], 'disconnected');
    await app.output(/^exit 0\n/);
    await app.event('worker ready', {}, 2);
    assert.equal(await ask(app.target), 'ok');
  });
}
