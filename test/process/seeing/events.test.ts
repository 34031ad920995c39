/** Tests that a subscriber in the primary's process hears of everything that docs/metrics.md lists. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventTable, type EventName } from '../../../src/primary/telemetry/event-table.ts';
import { channelRows } from '../../../src/primary/telemetry/markdown.ts';
import { rowOf } from '../../../src/primary/telemetry/told.ts';
import { startApp } from '../../support/app.ts';
import { runCommand } from '../../support/command.ts';
import { connected } from '../../support/http.ts';

/** A module for `node --import`, which prints what it hears, a line each. The workers load it too, and hear nothing. */
const listener = `import { subscribe } from 'node:diagnostics_channel';
for (const name of process.env.CHANNELS.split(' '))
  subscribe('prefork:' + name, (message) => process.stdout.write(JSON.stringify({ name, ...message }) + '\\n'));`;

const good = `require('node:http').createServer((request, response) => {
  const until = Date.now() + 3000;
  while (request.url === '/spin' && Date.now() < until);
  response.end();
}).listen(process.env.PORT);`;

test('every channel is heard of, and every message has the fields that are listed', async () => {
  await using app = await startApp({
    entry: './app.cjs',
    files: { 'app.cjs': good, 'listener.mjs': listener },
    nodeOptions: ['--import', './listener.mjs'],
    options:
      '--workers 1 --heartbeat-timeout 0 --log-level debug --canary 1 --canary-watch 1h --keep-previous 1h'.split(' '),
    env: {
      CHANNELS: channelRows()
        .map(({ name }) => name)
        .join(' '),
    },
  });
  await app.event('ready');
  const socket = await connected(app.target);
  socket.on('error', () => {}).write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
  await app.output(/"worker:recovered"/);
  socket.destroy();
  app.signal('SIGHUP');
  await app.event('reload done');
  writeFileSync(join(app.directory, 'app.cjs'), `throw new Error('no database');`);
  app.signal('SIGHUP');
  await app.event('reload failed');
  writeFileSync(join(app.directory, 'app.cjs'), good);
  app.signal('SIGTTIN');
  await app.event('scaled', { workers: 2 });
  app.signal('SIGHUP');
  await app.event('canary watched');
  assert.equal((await runCommand(app, 'promote')).code, 0);
  await app.event('generation kept', { workers: 2 });
  assert.equal((await runCommand(app, 'rollback')).code, 0);
  await app.event('rolled back');
  await app.stop();
  const heard = app.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const { name, fields } of channelRows()) {
    const first = heard.find((one) => one['name'] === name);
    assert.ok(first, `nothing of ${name} in ${app.stdout}`);
    // JSON has no undefined. A stop that was asked for has no error, and a person who scales gives no reason.
    const optional = name === 'scale:start' ? 'reason' : 'error';
    const missing = fields.filter((field) => !(field in first) && field !== optional);
    assert.deepEqual(missing, [], `${name}: ${JSON.stringify(first)}`);
  }
  // Every line has a row in the table, which names its fields.
  for (const { name, message, fields } of app.log) {
    const key = name.endsWith(' waits') ? 'operation waits' : name;
    assert.ok(Object.hasOwn(eventTable, key), `the line "${name}" is not in the table`);
    const known = Object.keys(rowOf(key as EventName).fields ?? {});
    const all = [...Object.keys(fields), ...(message === undefined ? [] : ['message'])];
    assert.deepEqual(
      all.filter((field) => !known.includes(field)),
      [],
      `the line "${name}" has fields that its row does not name`,
    );
  }
});
