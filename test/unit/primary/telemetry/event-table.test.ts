/** The table of events: what its rows promise, and that nothing is logged past it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { expectTypeOf } from 'expect-type';
import type { DiagnosticsChannels } from '../../../../src/index.ts';
import { eventTable, type EventName } from '../../../../src/primary/telemetry/event-table.ts';
import { channelRows } from '../../../../src/primary/telemetry/markdown.ts';
import { createLog, type LineSink, type Log } from '../../../../src/primary/telemetry/log.ts';
import { rowOf } from '../../../../src/primary/telemetry/told.ts';

const names = Object.keys(eventTable) as EventName[];
const source = fileURLToPath(new URL('../../../../../src', import.meta.url));
/** The folders of what logs: the primary, and the process that runs several. */
const telling = /^(?:primary\/(?!telemetry)|cli\/apps\/)/;

for (const name of names) {
  const { level, fields, channel, means } = rowOf(name);

  test(`${name}: somebody hears of it, and it is explained in sentences`, () => {
    assert.ok(level !== undefined || channel !== undefined, 'it has neither a line nor a channel');
    assert.ok(level !== undefined || fields === undefined, 'it has fields, and no line');
    assert.match(means, /^[A-Z`a-z][^]+\.$/);
    assert.doesNotMatch(means, /^(?:It|Its|Of|One|Who|By|For) /, 'it opens without a subject');
  });
}

test('only a name of the table can be logged, and only with its facts', () => {
  const log: Log = () => {};
  // @ts-expect-error no such event
  log('worker married', {});
  // @ts-expect-error the address is missing
  log('name taken', { name: 'api' });
  log('name taken', { name: 'api', instead: 'api-2' });
});

test('no line of the primary is made past the table', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const told: string[] = [];
  for (const file of files.filter((path) => telling.test(path))) {
    const text = readFileSync(join(source, file), 'utf8');
    assert.doesNotMatch(
      text,
      /\bas (?:EventName|Log|ToldEvent)\b|\bas (?:never|any)\b.*\blog\(/,
      `${file} casts a name`,
    );
    for (const [, name] of text.matchAll(/(?:\.|#|\b)(?:log|tell)\(\s*'([^']+)'/g)) told.push(name!);
    for (const [call, first] of text.matchAll(/(?<!Math\.|Math)(?:\.|\b|#)log\(\s*([^')\s]+)/g))
      assert.fail(`${file} logs an event whose name is not written there: ${call} ${first}`);
  }
  const dynamic = ['worker exited', 'worker stopped'];
  assert.deepEqual([...new Set([...told, ...dynamic])].toSorted(), names.toSorted(), 'each row is told of somewhere');
});

test('users have the type of each message by the name of its channel, and each channel has a row', () => {
  expectTypeOf<DiagnosticsChannels['prefork:reload:done']>().toEqualTypeOf<{
    readonly generation: number;
    readonly took: number;
  }>();
  const channels: Record<keyof DiagnosticsChannels, true> = {
    'prefork:worker:spawn': true,
    'prefork:worker:ready': true,
    'prefork:worker:hung': true,
    'prefork:worker:recovered': true,
    'prefork:worker:drain': true,
    'prefork:worker:exit': true,
    'prefork:ready': true,
    'prefork:reload:start': true,
    'prefork:reload:done': true,
    'prefork:reload:failed': true,
    'prefork:rollback': true,
    'prefork:canary:start': true,
    'prefork:canary:promoted': true,
    'prefork:scale:start': true,
    'prefork:scale': true,
    'prefork:stopping': true,
    'prefork:stopped': true,
  };
  assert.deepEqual(
    channelRows()
      .map(({ name }) => `prefork:${name}`)
      .toSorted(),
    Object.keys(channels).toSorted(),
  );
});

test('a line has the fields of its row in their order, and the level that the facts give it', () => {
  const lines: string[] = [];
  const sink: LineSink = {
    debug: (line) => void lines.push(`debug ${line}`),
    info: (line) => void lines.push(`info ${line}`),
    warn: (line) => void lines.push(`warn ${line}`),
    error: (line) => void lines.push(`error ${line}`),
  };
  const log = createLog('text', 'info', sink);
  log('operation waits', { operation: 'scale', behind: 'reload' });
  log('error', { message: 'too many', code: 'ERR_OVER_RECOVERY' });
  log('resized', { workers: 2, before: 1 });
  log('sharing', { mode: 'shared', reason: 'asked for' });
  log('stopping', { workers: 2, signal: 'SIGTERM', delay: undefined });
  assert.deepEqual(lines, [
    'info prefork: scale waits for=reload',
    'error prefork: error: too many code=ERR_OVER_RECOVERY',
    'info prefork: stopping signal=SIGTERM',
  ]);
});

test('however many addresses a worker names, their line is short', () => {
  const { address } = rowOf('address given up').fields as Record<string, (facts: unknown) => unknown>;
  const addresses = Array.from({ length: 1000 }, (_, port) => `127.0.0.1:${port}`);
  assert.equal(address!({ addresses: addresses.slice(0, 2) }), '127.0.0.1:0,127.0.0.1:1');
  assert.match(String(address!({ addresses })), /^127\.0\.0\.1:0,.*:7 and 992 more$/);
});
