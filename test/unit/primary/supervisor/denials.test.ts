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

test('an error that this system has no name for is told by its number', () => {
  const lines: unknown[] = [];
  const denials = new Denials(
    notedLog((_level, _text, fields) => lines.push(fields)),
    () => 0,
  );
  denials.observe(() => undefined)(1, { ...denied(80), errno: -99_999 });
  assert.deepEqual(lines, [{ address: '[::]:80', code: '-99999', why: 'unknown error' }]);
});
