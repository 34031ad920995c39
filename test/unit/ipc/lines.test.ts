import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CutLine, Lines } from '../../../src/ipc/lines.ts';

const LONGEST = 8;
const text = 'one\n\ntwo and\n3\nhalf';

function added(lines: Lines, piece: string): string[] | undefined {
  return lines.add(Buffer.from(piece))?.map((line) => {
    return line instanceof CutLine ? `${Buffer.from(line.beginning).toString()}...` : Buffer.from(line).toString();
  });
}

test('lines come whole, however they are cut', () => {
  for (let size = 1; size <= text.length; size++) {
    const lines = new Lines(LONGEST);
    const got: string[] = [];
    for (let at = 0; at < text.length; at += size) got.push(...added(lines, text.slice(at, at + size))!);
    assert.deepEqual(got, ['one', '', 'two and', '3'], `pieces of ${size}`);
    assert.deepEqual(added(lines, '!\n'), ['half!']);
  }
});

test('a line may be as long as it may be, and not a byte longer, whether or not it has an end', () => {
  for (const end of ['\n', '']) {
    assert.notEqual(added(new Lines(LONGEST), 'x'.repeat(LONGEST) + end), undefined);
    assert.equal(added(new Lines(LONGEST), 'x'.repeat(LONGEST + 1) + end), undefined);
  }
});

test('a line that comes in pieces is too long in the piece that makes it so', () => {
  const lines = new Lines(LONGEST);
  for (let length = 1; length <= LONGEST; length++) assert.deepEqual(added(lines, 'x'), []);
  assert.equal(added(lines, 'x'), undefined);
});

test('what came with a line that is too long is forgotten, and many short ones are none', () => {
  const lines = new Lines(LONGEST);
  assert.equal(added(lines, `${'x'.repeat(LONGEST + 1)}\nshort\nha`), undefined);
  assert.deepEqual(added(lines, 'lf\n'), ['lf']);
  assert.equal(added(lines, 'short\n'.repeat(1000))?.length, 1000);
});

test('a line that is too long is skipped up to its end where it may be, however it is cut, and only its beginning stays', () => {
  const long = 'x'.repeat(1000);
  const input = `one\n${long}\ntwo\n${long}\n${long}\nthree\n`;
  for (const size of [1, 2, 3, 7, 8, 9, 999, 1001, 1005, input.length]) {
    const begun: string[] = [];
    const lines = new Lines(LONGEST, (beginning) => begun.push(Buffer.from(beginning).toString()) > 0);
    const got: string[] = [];
    for (let at = 0; at < input.length; at += size) got.push(...added(lines, input.slice(at, at + size))!);
    assert.deepEqual(
      got.map((line) => line.replace(/x{8,128}\.{3}/, 'cut')),
      ['one', 'cut', 'two', 'cut', 'cut', 'three'],
      `pieces of ${size}`,
    );
    assert.equal(begun.length, 3);
    assert.ok(begun.every((one) => one.length <= 128));
    assert.ok(!lines.isOpen);
    assert.ok(lines.skipped > 3 * (1000 - LONGEST - size) && lines.skipped <= 3000, `${lines.skipped} skipped`);
  }
});

test('a line that may not be skipped is too long, also behind one that was', () => {
  const lines = new Lines(LONGEST, (beginning) => beginning[0] === 120);
  assert.deepEqual(added(lines, 'x'.repeat(LONGEST + 1)), []);
  assert.ok(lines.isOpen);
  assert.equal(added(lines, `\n${'y'.repeat(LONGEST + 1)}`), undefined);
});

test('a line that is skipped takes no memory, however long it is', () => {
  const lines = new Lines(1024, () => true);
  const piece = new Uint8Array(64 * 1024).fill(120);
  const before = process.memoryUsage().arrayBuffers;
  for (let nth = 0; nth < 1000; nth++) assert.deepEqual(lines.add(piece), []);
  const took = process.memoryUsage().arrayBuffers - before;
  assert.ok(took < 1024 * 1024, `${took} bytes`);
});

test('a line that comes a byte at a time takes about as much memory as it has bytes', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const bytes = 200_000;
  const lines = new Lines(bytes);
  const before = used();
  for (let length = 0; length < bytes; length++) assert.equal(lines.add(Uint8Array.of(120))?.length, 0);
  assert.ok(used() - before < 10 * bytes, `${used() - before} bytes`);
  assert.ok(lines.isOpen);
});
