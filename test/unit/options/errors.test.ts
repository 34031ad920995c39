import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { exitCodes, PreforkError, UsageError, type PreforkErrorCode } from '../../../src/errors.ts';

for (const [code, { exitCode }] of Object.entries(exitCodes)) {
  test(`${code} exits with ${exitCode}`, () => {
    const cause = new Error('why');
    const error = new PreforkError(code as PreforkErrorCode, 'what', { cause });
    assert.deepEqual([error.name, error.code, error.exitCode, error.message], ['PreforkError', code, exitCode, 'what']);
    assert.equal(error.cause, cause);
  });
}

test('a UsageError is a PreforkError', () => {
  const error = new UsageError('what');
  assert.ok(error instanceof PreforkError && error instanceof Error);
  assert.deepEqual([error.name, error.code, error.exitCode], ['UsageError', 'ERR_PREFORK_USAGE', 2]);
});

test('an error without a cause has none', () => assert.ok(!('cause' in new PreforkError('ERR_INTERNAL', 'what'))));

test('printed, an error begins with its name and message, and shows its code', () => {
  assert.match(inspect(new UsageError('what')), /^UsageError: what\n[^]*code: 'ERR_PREFORK_USAGE'/);
});
