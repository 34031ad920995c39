import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestion } from '../../../src/options/suggestion.ts';

const known = ['--workers', '--name', '--ready-timeout', '--recover-window', 'readyTimeout', 'logLevel'];

const cases: ReadonlyArray<readonly [string, string | undefined]> = [
  ['--wrokers', '--workers'],
  ['--worker', '--workers'],
  ['-workers', '--workers'],
  ['--nmae', '--name'],
  ['--recover', '--recover-window'],
  ['--rea', undefined],
  ['--re', undefined],
  ['--names', '--name'],
  ['--recover-windows', '--recover-window'],
  // The spelling of each place leads to that of the other.
  ['--readyTimeout', '--ready-timeout'],
  ['log-level', 'logLevel'],
  ['LOG_LEVEL', 'logLevel'],
  ['--inspect', undefined],
  ['-x', undefined],
  ['', undefined],
];

for (const [word, meant] of cases) {
  test(`${word} → ${meant}`, () => assert.equal(suggestion(word, known), meant));
}
