import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { FORMAT, VARIABLE } from '../../../src/upgrade/legacy.ts';
import { temporaryDirectory } from '../scoreboard/helpers.ts';

const skip = process.platform === 'win32' ? 'no such descriptors' : false;
const module = new URL('../../../src/upgrade/predecessor.js', import.meta.url).href;

/** Succeeds this process, and then has another channel, as that to the binder is: what is said there is for that one alone. */
const successor = `import childProcess from 'node:child_process';
import { once } from 'node:events';
import { Predecessor } from ${JSON.stringify(module)};
const before = await Predecessor.meet();
const gone = once(process, 'disconnect');
await before.ready();
await gone;
childProcess._forkChild(4, 'json');
await before.ready();
before.failed('too late');
process.send({ said: 'last', connected: process.connected }, () => process.disconnect());`;

test('the primary before is told once, and another channel of this process is none of its', { skip }, async (t) => {
  const file = join(temporaryDirectory(t), 'successor.mjs');
  writeFileSync(file, successor);
  const child = fork(file, {
    env: { ...process.env, [VARIABLE]: '1' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  t.after(() => child.kill());
  const words: unknown[] = [];
  child.on('message', (message: { prefork: string }) => {
    words.push(message.prefork);
    const legacy = { format: FORMAT, listeners: [], ephemeral: [] };
    if (message.prefork === 'hello') child.send({ prefork: 'legacy', legacy });
    else child.disconnect();
  });
  const said: unknown[] = [];
  createInterface(child.stdio[4] as Readable).on('line', (line) => said.push(JSON.parse(line)));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.deepEqual(words, ['hello', 'ready']);
  assert.deepEqual(said, [{ said: 'last', connected: true }]);
});
