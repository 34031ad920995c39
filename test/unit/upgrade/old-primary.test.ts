import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { test } from 'node:test';
import { FIRST_FD, FORMAT, HANDOVER_FD, VARIABLE } from '../../../src/upgrade/handover.ts';
import { temporaryDirectory } from '../scoreboard/helpers.ts';

const skip = process.platform === 'win32' ? 'no such descriptors' : false;
const module = new URL('../../../../dist/upgrade/old-primary.js', import.meta.url).href;

/**
 * A program that succeeds this process and then gets another channel, like that to the binder. Messages there are for
 * that channel alone.
 */
const successor = `import childProcess from 'node:child_process';
import { once } from 'node:events';
import { OldPrimary } from ${JSON.stringify(module)};
const before = OldPrimary.meet();
// A primary has more to live for than this channel.
const alive = setInterval(() => {}, 1000);
const gone = once(process, 'disconnect');
await before.ready(2);
await gone;
childProcess._forkChild(5, 'json');
await before.ready(2);
before.failed('too late');
process.send({ said: 'last', connected: process.connected }, () => process.disconnect());
clearInterval(alive);`;

test('the primary before is told once, and another channel of this process is none of its', { skip }, async (t) => {
  const file = join(temporaryDirectory(t), 'next.mjs');
  writeFileSync(file, successor);
  const child = fork(file, {
    env: { ...process.env, [VARIABLE]: String(FORMAT) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe', 'pipe'],
  });
  t.after(() => child.kill());
  leave(child, JSON.stringify({ format: FORMAT, listeners: [], ephemeral: [] }));
  const words: unknown[] = [];
  child.on('message', (message) => {
    words.push(message);
    child.disconnect();
  });
  const said: unknown[] = [];
  const lines = createInterface((child.stdio as readonly unknown[])[FIRST_FD] as Readable);
  lines.on('line', (line) => said.push(JSON.parse(line)));
  const [[code]] = await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  assert.equal(code, 0);
  assert.deepEqual(words, [{ prefork: 'ready', generation: 2 }]);
  assert.deepEqual(said, [{ said: 'last', connected: true }]);
});

const listener = `import { once } from 'node:events';
import { OldPrimary } from ${JSON.stringify(module)};
const before = OldPrimary.meet();
const alive = setInterval(() => {}, 1000);
const early = before.mayPassStopOn;
const ready = before.ready(2, { take() {}, recall() {}, gone() {} });
const meanwhile = before.mayPassStopOn;
await ready;
process.send({ early, meanwhile, late: before.mayPassStopOn }, () => process.disconnect());
clearInterval(alive);`;

test('the primary before may pass a stop on until it has heard that this one is ready', { skip }, async (t) => {
  const file = join(temporaryDirectory(t), 'next.mjs');
  writeFileSync(file, listener);
  const child = fork(file, {
    env: { ...process.env, [VARIABLE]: String(FORMAT) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  t.after(() => child.kill());
  leave(child, JSON.stringify({ format: FORMAT, listeners: [], ephemeral: [] }));
  const words: unknown[] = [];
  child.on('message', (message) => {
    words.push(message);
    if (words.length === 1) child.send({ prefork: 'heard' });
  });
  await once(child, 'exit');
  assert.deepEqual(words, [
    { prefork: 'ready', generation: 2, takes: true },
    { early: true, meanwhile: true, late: false },
  ]);
});

const unreadable: ReadonlyArray<readonly [string, string, string]> = [
  ['nothing', '', 'left no handover'],
  ['half of it', '{"format":2,"listeners":[', 'left no handover'],
  ['what is none', '[]', 'left no handover'],
  ['another format', '{"format":1,"listeners":[],"ephemeral":[]}', 'left no handover'],
];

for (const [what, text, reason] of unreadable) {
  test(`a primary that left ${what} is told why, and not succeeded`, { skip }, async (t) => {
    const file = join(temporaryDirectory(t), 'next.mjs');
    writeFileSync(file, `import { OldPrimary } from ${JSON.stringify(module)};\nOldPrimary.meet();`);
    const env = { ...process.env, [VARIABLE]: String(FORMAT) };
    const child = fork(file, { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'] });
    leave(child, text);
    const [[message], [code]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
    assert.equal((message as { prefork: string }).prefork, 'failed');
    assert.match((message as { reason: string }).reason, new RegExp(reason));
    assert.equal(code, 1);
  });
}

/** To Node the pipe is a socket. It is reset when the other end closes it, and closes once it was read. */
function leave(child: ChildProcess, text: string): void {
  const pipe = child.stdio[HANDOVER_FD] as Duplex;
  pipe.on('error', () => {}).end(text);
  pipe.resume();
}
