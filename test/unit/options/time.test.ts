import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { formatTime, LONGEST_TIME_MS, parseTime } from '../../../src/options/values/time.ts';

const times: ReadonlyArray<readonly [string, number]> = [
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['10s', 10_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['007s', 7000],
];

const noTimes = [
  '',
  '10',
  '00',
  '1.5s',
  '-1s',
  '+1s',
  '10 s',
  ' 10s',
  '10s ',
  '10s\n',
  '10S',
  '1d',
  's',
  '1e3ms',
  '١s',
];

for (const [text, ms] of times) {
  test(`${text} is ${ms} ms`, () => assert.equal(parseTime(text), ms));
}

for (const text of noTimes) {
  test(`${JSON.stringify(text)} is no time`, () => assert.equal(parseTime(text), undefined));
}

test('what is written is read again', () => {
  fc.assert(fc.property(fc.nat(LONGEST_TIME_MS), (ms) => assert.equal(parseTime(formatTime(ms)), ms)));
});

test('every count in every unit is read', () => {
  const units = fc.constantFrom(
    ['ms', 1] as const,
    ['s', 1000] as const,
    ['m', 60_000] as const,
    ['h', 3_600_000] as const,
  );
  fc.assert(
    fc.property(fc.nat(), units, (count, [unit, length]) => assert.equal(parseTime(`${count}${unit}`), count * length)),
  );
});

test('a time is written in the largest unit that loses nothing', () => {
  const written = [0, 1, 999, 1000, 1500, 60_000, 61_000, 3_600_000, LONGEST_TIME_MS].map(formatTime);
  assert.deepEqual(written, ['0', '1ms', '999ms', '1s', '1500ms', '1m', '61s', '1h', '596h']);
});

test('setTimeout keeps the longest time', () => assert.ok(LONGEST_TIME_MS < 2 ** 31));
