import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve } from '../../support/app.ts';

test('lines of several workers come whole, each with its slot, and none is lost at the end', async () => {
  await using app = await serve({ entry: 'writes-lines.cjs', options: ['--workers', '3', '--prefix-output'] });
  app.signal('SIGTERM');
  await app.exit();
  const lines = app.stdout.split('\n');
  assert.equal(lines.pop(), '');
  for (const line of lines) assert.match(line, /^\[([0-2])\] (x{200,249} \1|without end)$/);
  assert.equal(lines.length, 3 * 3001);
});
