/** Tests the tests' own tools, because no test would see what they miss. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../../support/app.ts';
import { parseLogLine } from '../../support/log.ts';

test('sees what a server leaves behind', async () => {
  const app = await startApp({ entry: 'leaves-things.js', command: false });
  await app.exit();
  await app[Symbol.asyncDispose]();
  const found = app.leftovers.splice(0);
  assert.equal(found.length, 2);
  assert.match(found[0]!, /^process \d+ was left behind: .*setInterval/);
  assert.match(found[1]!, /left\.sock was left behind$/);
  assert.deepEqual(app.processes, [], 'and has ended it');
});

test('an event that cannot come any more fails at once', async () => {
  await using app = await startApp({ entry: 'exits-seven.js', command: false });
  await assert.rejects(app.event('ready'), /"ready", no\. 1, but the app ended with code=7/);
});

const lines: ReadonlyArray<[line: string, event: ReturnType<typeof parseLogLine>]> = [
  ['prefork: ready workers=2 in=1.4s', { name: 'ready', message: undefined, fields: { workers: '2', in: '1.4s' } }],
  ['prefork: killing reason="a \\"b\\" c=d"', { name: 'killing', message: undefined, fields: { reason: 'a "b" c=d' } }],
  ['prefork: error: a: b (c) code=ERR_X', { name: 'error', message: 'a: b (c)', fields: { code: 'ERR_X' } }],
  ['prefork: sharing', { name: 'sharing', message: undefined, fields: {} }],
  ['prefork ready', undefined],
  [' prefork: ready', undefined],
];
for (const [line, event] of lines) test(`reads ${line}`, () => assert.deepEqual(parseLogLine(line), event));
