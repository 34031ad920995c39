import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { printableOutput } from '../../../../src/format/printable.ts';
import { PrefixedOutput } from '../../../../src/primary/workers/prefixed-output.ts';

/** What another user's application writes: a colour, a new title of the terminal in two pieces, and no end of its line. */
const pieces = ['\u001B[32mgreen\u001B[0m\n', '\u001B]0;ti', 'tle\u0007\n', '\u001B[6n'];

async function written(isTTY: boolean, clean?: (text: string) => string): Promise<string> {
  const target = Object.assign(new PassThrough(), { isTTY });
  const output = new PrefixedOutput({}, target, new PassThrough());
  const stdout = new PassThrough();
  output.follow({ stdout, stderr: null } as unknown as ChildProcess, () => 'shop', clean);
  const closed = once(stdout, 'close');
  for (const piece of pieces) stdout.write(piece);
  stdout.end();
  await closed;
  return (target.read() as Buffer).toString();
}

test('what another user’s process writes to a terminal has colours, and no other commands', async () => {
  assert.equal(
    await written(true, printableOutput),
    '[shop] \u001B[32mgreen\u001B[0m\n[shop] \\u001b]0;title\\u0007\n[shop] \\u001b[6n\n',
  );
});

test('no line of another user’s process hides or names the lines of others', async () => {
  const target = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PrefixedOutput({}, target, new PassThrough());
  const stdout = new PassThrough();
  output.follow({ stdout, stderr: null } as unknown as ChildProcess, () => 'a', printableOutput);
  const closed = once(stdout, 'close');
  stdout.end('\u001B[8mhidden\n\u001B[30;40mdark\r\nx\r[b] not of b\n\u001B[31mlast');
  await closed;
  assert.equal(
    (target.read() as Buffer).toString(),
    '[a] hidden\n[a] \u001B[30;40mdark\u001B[0m\r\n[a] x\\u000d[b] not of b\n[a] \u001B[31mlast\u001B[0m\n',
  );
});

for (const attributes of ['38;5;0', '48;2;0;0;0', '31;0', '0;31', '38:5:0']) {
  test(`what \\u001b[${attributes}m begins ends with its line`, () => {
    const [begin, reset] = [`\u001B[${attributes}m`, '\u001B[0m'];
    assert.equal(printableOutput(`${begin}x\ny\n`), `${begin}x${reset}\ny\n`);
    assert.equal(printableOutput(`${begin}x${reset}\ny\n`), `${begin}x${reset}\ny\n`);
  });
}

test('a file gets it as it is, and so does a terminal from a process of the same user', async () => {
  const plain = '[shop] \u001B[32mgreen\u001B[0m\n[shop] \u001B]0;title\u0007\n[shop] \u001B[6n\n';
  assert.equal(await written(false, printableOutput), plain);
  assert.equal(await written(true), plain);
});

test('of a worker that writes without end pieces are read in a turn of the event loop each', async () => {
  const target = new PassThrough({ highWaterMark: 1 << 20 });
  let turns = 0;
  const readIn: number[] = [];
  const stdout = new PassThrough({ highWaterMark: 1 << 20 });
  const output = new PrefixedOutput({ keep: () => readIn.push(turns) }, target, new PassThrough());
  output.follow({ stdout, stderr: null } as unknown as ChildProcess, () => 1);
  for (let nth = 0; nth < 5; nth++) stdout.write('line\n');
  while (readIn.length < 5) {
    await new Promise((resolve) => setImmediate(resolve));
    turns++;
  }
  // The first turns of this test and of the output may be one.
  assert.ok(new Set(readIn).size >= 4, readIn.join());
  stdout.end();
  await output.close();
});

test('bytes that are no text, and a name that looks like a pattern, stay what they are', async () => {
  const target = new PassThrough();
  const output = new PrefixedOutput({}, target, new PassThrough());
  const stdout = new PassThrough();
  output.follow({ stdout, stderr: null } as unknown as ChildProcess, () => '$&');
  const closed = once(stdout, 'close');
  const bytes = [Buffer.from([0xff, 10, 0xc3]), Buffer.from([0x28, 10, 10, 0xe2])];
  for (const piece of bytes) stdout.write(piece);
  stdout.end();
  await closed;
  const prefix = Buffer.from('[$&] ');
  const lines = [[0xff], [0xc3, 0x28], [], [0xe2]].map((line) => Buffer.concat([prefix, Buffer.from([...line, 10])]));
  assert.deepEqual(target.read(), Buffer.concat(lines));
});

test('a pipe whose piece cost much rests, for longer the more pipes do', async (t) => {
  const target = new PassThrough({ highWaterMark: 1 << 20 });
  const kept: string[] = [];
  const output = new PrefixedOutput({ keep: (_, lines) => kept.push(lines.toString()) }, target, new PassThrough());
  const [stdout, other] = [new PassThrough({ highWaterMark: 1 << 20 }), new PassThrough()];
  for (const pipe of [stdout, other]) output.follow({ stdout: pipe, stderr: null } as unknown as ChildProcess, () => 1);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const clock = t.mock.method(performance, 'now', () => (now += 10));
  other.write('zero\n');
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settled();
  for (const piece of ['one\n', 'two\n']) stdout.write(piece);
  await settled();
  assert.deepEqual(kept.splice(0), ['zero\n', 'one\n']);
  // 10 ms, three times, for each of two pipes.
  t.mock.timers.tick(59);
  await settled();
  assert.deepEqual(kept, []);
  t.mock.timers.tick(1);
  await settled();
  assert.deepEqual(kept, ['two\n']);
  clock.mock.restore();
  t.mock.timers.reset();
  const closed = [once(stdout, 'close'), once(other, 'close')];
  stdout.destroy();
  other.destroy();
  await Promise.all(closed);
  await output.close();
});
