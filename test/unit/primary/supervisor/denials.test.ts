import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { Denials } from '../../../../src/primary/supervisor/denials.ts';
import { notedLog } from '../../../support/noted-log.ts';

const denied = (port: number) =>
  ({ type: 'denied', request: 1, errno: -constants.errno.EADDRINUSE, address: '::', port }) as const;

test('an address that could not be had is named once for workers that ask side by side', () => {
  let now = 0;
  const lines: string[] = [];
  const sent: number[] = [];
  const denials = new Denials(
    notedLog((...[level, text, fields]) => lines.push([level, text, ...Object.values(fields)].join(' '))),
    () => now,
  );
  const post = denials.observe((worker) => sent.push(worker));
  for (const worker of [1, 2]) post(worker, denied(80));
  post(3, denied(81));
  const line = (port: number): string => `warn not listening [::]:${port} EADDRINUSE address already in use`;
  assert.deepEqual(lines, [line(80), line(81)]);
  now = 5000;
  post(4, denied(80));
  assert.equal(lines.length, 3);
  assert.deepEqual(sent, [1, 2, 3, 4]);
});

test('of the addresses of a worker that asks for one after another, some are told', () => {
  let now = 0;
  let lines = 0;
  const denials = new Denials(
    notedLog(() => lines++),
    () => now,
  );
  const post = denials.observe(() => undefined);
  for (let port = 1; port <= 5000; port++) post(1, denied(port));
  assert.equal(lines, 100);
  now = 1000;
  post(1, denied(5001));
  assert.equal(lines, 101, 'later there is room for others');
});

test('an error that this system has no name for is told by its number', () => {
  const lines: unknown[] = [];
  const denials = new Denials(
    notedLog((_level, _text, fields) => lines.push(fields)),
    () => 0,
  );
  denials.observe(() => undefined)(1, { ...denied(80), errno: -99_999 });
  assert.deepEqual(lines, [{ address: '[::]:80', code: '-99999', why: 'unknown error' }]);
});
