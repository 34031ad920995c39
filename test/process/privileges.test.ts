/** As root: a low port, and workers that are somebody else. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { serve, startApp } from '../support/app.ts';
import { ask, get } from '../support/http.ts';
import { filesOfPrimary } from '../support/leftovers.ts';
import { NOBODY, noOtherUser } from '../support/platform.ts';

const skip = noOtherUser;
const nobody = NOBODY;

/** Answers with who it is; the files are where nobody may read them. */
const app = `const { createServer } = require('node:http');
createServer((_request, response) => {
  const { HOME, USER } = process.env;
  response.end(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), HOME, USER }));
}).listen(process.env.PORT);`;

/** An entry that others may read, unlike the directory of a test. */
const entry = { entry: './app.cjs', files: { 'app.cjs': app }, isOpen: true };

for (const user of ['nobody', String(nobody)]) {
  test(`workers run as --user ${user}, the primary as root`, { skip }, async () => {
    await using server = await serve({ ...entry, options: ['--workers', '2', '--user', user] });
    const who = JSON.parse(await ask(server.target)) as { uid: number; gid: number; groups: number[]; HOME: string };
    assert.equal(who.uid, nobody);
    assert.notEqual(who.gid, 0);
    assert.ok(!who.groups.includes(0), 'none of the groups of root');
    assert.notEqual(who.HOME, '/root');
    // The scoreboard is theirs to write, and so the primary knows how they are.
    assert.equal(statSync(filesOfPrimary(server.pid)[0]!).uid, nobody);
    const [socketPath] = server.controlSockets;
    const { body } = await get({ socketPath: socketPath! }, { path: '/status' });
    const { slots } = JSON.parse(body) as { slots: Array<{ worker: { vitals: object | null } }> };
    for (const { worker } of slots) assert.notEqual(worker.vitals, null);
    server.signal('SIGHUP');
    await server.event('reload done');
    assert.equal((JSON.parse(await ask(server.target)) as { uid: number }).uid, nobody);
  });
}

test('a Unix socket is as if the worker had bound it', { skip }, async () => {
  await using server = await serve({ ...entry, options: ['--user', 'nobody'], env: { PORT: 'app.sock' } });
  const { target } = server;
  assert.ok('socketPath' in target);
  assert.equal(statSync(target.socketPath).uid, nobody);
  await ask(target);
});

test('a user that is not there, or without root, is a bad option', { skip }, async () => {
  await using server = await startApp({ entry: 'hello.js', options: ['--user', 'no-such-user'] });
  assert.deepEqual(await server.exit(), { code: 2, signal: null });
  assert.match(server.stderr, /^prefork: --user: no user named no-such-user on this system\n$/);
});
