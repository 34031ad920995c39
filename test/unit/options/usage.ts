import assert from 'node:assert/strict';

/** Returns what `assert.throws` and `assert.rejects` compare a UsageError with. The message must be one line. */
export function usage(message: string | RegExp): object {
  if (typeof message === 'string') assert.doesNotMatch(message, /\n/);
  return { name: 'UsageError', code: 'ERR_PREFORK_USAGE', exitCode: 2, message };
}
