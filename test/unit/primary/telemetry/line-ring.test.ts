import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../../src/primary/telemetry/log.ts';
import { LineRing } from '../../../../src/primary/telemetry/line-ring.ts';

const at = Date.parse('2026-01-02T03:04:05.678Z');

test('lines are kept with their time and their worker, and those of one worker can be had alone', () => {
  const ring = new LineRing();
  ring.add(null, 'prefork: ready', at);
  ring.add(0, Buffer.from('zero'), at);
  ring.add(1, Buffer.from('one'), at);
  const time = '2026-01-02T03:04:05.678Z';
  assert.deepEqual(ring.read(), {
    version: 1,
    hasWorkers: false,
    dropped: 0,
    next: 3,
    lines: [
      { at: time, worker: null, text: 'prefork: ready' },
      { at: time, worker: 0, text: 'zero' },
      { at: time, worker: 1, text: 'one' },
    ],
  });
  assert.deepEqual(
    ring.read(0, 1).lines.map(({ text }) => text),
    ['one'],
  );
  assert.deepEqual(
    ring.read(2).lines.map(({ text }) => text),
    ['one'],
  );
  assert.deepEqual(ring.read(3).lines, []);
});

test('the oldest lines go, and a reader that is too late hears how many', () => {
  const ring = new LineRing();
  for (let n = 0; n < 2500; n++) ring.add(0, String(n), at);
  const all = ring.read();
  assert.equal(all.lines.length, 1000);
  assert.equal(all.lines[0]!.text, '1500');
  assert.deepEqual([all.next, all.dropped], [2500, 0]);
  assert.equal(ring.read(1000).dropped, 500);
  assert.equal(ring.read(9_999_999).lines.length, 0, 'a number of the future');
});

test('lines without end cost no more than 256 KB, and hold no larger buffer', () => {
  const ring = new LineRing();
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 300; n++) ring.add(0, Buffer.alloc(1_048_576, 120), at);
  const { lines } = ring.read();
  assert.equal(lines.length, 64);
  assert.ok(lines.every(({ text }) => text.length === 4096));
  globalThis.gc?.();
  assert.ok(JSON.stringify(ring.read()).length < 300_000);
  assert.ok(before >= 0);
});

test('bytes that are no text are text in the answer, and it stays short', () => {
  const ring = new LineRing();
  for (let n = 0; n < 300; n++) ring.add(0, Buffer.alloc(4096, n), at);
  const text = JSON.stringify(ring.read());
  assert.ok(text.length < 4_194_304, `${text.length}`);
  assert.ok(text.includes('\uFFFD'));
});

for (const format of ['text', 'json'] as const) {
  test(`the token is in the log, as ${format}, and not in the line that is kept`, () => {
    const lines: string[] = [];
    const kept: string[] = [];
    const write = (line: string): void => void lines.push(line);
    const sink = { debug: write, info: write, warn: write, error: write };
    const log = createLog(format, 'debug', sink, { keep: (line) => void kept.push(line) });
    log('admin', { address: 'http://127.0.0.1:9090', token: 'a-token-of-sixteen-or-more' });
    log('admin', { address: 'http://127.0.0.1:9090', token: undefined });
    assert.match(lines[0]!, /a-token-of-sixteen-or-more/);
    assert.match(kept[0]!, /http:\/\/127\.0\.0\.1:9090.*hidden/);
    assert.doesNotMatch(kept.join('\n'), /a-token/);
    assert.doesNotMatch(kept[1]!, /token/, 'one that was given is in neither');
  });
}

test('the log has the time where it is asked for, as text alone, and each line is kept without it', () => {
  const lines: string[] = [];
  const kept: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const sink = { debug: write, info: write, warn: write, error: write };
  const options = { hasTime: true, keep: (line: string) => void kept.push(line) };
  createLog('text', 'debug', sink, options)('balance', { mode: 'auto' });
  createLog('json', 'debug', sink, options)('balance', { mode: 'auto' });
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z prefork: balance mode=auto$/);
  assert.match(lines[1]!, /^\{"time":/);
  assert.equal(kept[0], 'prefork: balance mode=auto');
});

test('of many lines at once the last are kept, without their ends', () => {
  const ring = new LineRing();
  ring.add(null, 'before', at);
  ring.addLines(0, Buffer.from(Array.from({ length: 2500 }, (_, n) => `${n}\r\n`).join('')), at);
  const { lines, next } = ring.read();
  assert.equal(next, 2501);
  assert.equal(lines.length, 1000);
  assert.deepEqual([lines[0]?.text, lines.at(-1)?.text], ['1500', '2499']);
  assert.equal(ring.read(1).dropped, 1500);
});

test('lines that are empty, a few and very many', () => {
  for (const count of [1, 2, 999, 1000, 1001, 65_536]) {
    const ring = new LineRing();
    ring.addLines(0, Buffer.alloc(count, '\n'), at);
    const { lines, next } = ring.read();
    assert.equal(next, count);
    assert.equal(lines.length, Math.min(count, 1000));
    assert.ok(lines.every(({ text }) => text === ''));
  }
  const ring = new LineRing();
  ring.addLines(0, Buffer.from('a\n\nb\n'), at);
  assert.deepEqual(
    ring.read().lines.map(({ text }) => text),
    ['a', '', 'b'],
  );
});
