/** Tests the line that says why a worker ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, startApp } from '../../support/app.ts';
import { ask } from '../../support/http.ts';

const cases = [
  { path: '/throw', reason: 'uncaught', why: /^uncaught Error: thrown on request at .*ends-on-request\.js:\d+/ },
  { path: '/reject', reason: 'uncaught', why: /^uncaught Error: rejected on request/ },
  { path: '/exit/7', reason: 'code', why: /^exited with code 7/ },
  { path: '/signal/SIGSEGV', reason: 'signal', why: /^killed by SIGSEGV/ },
  { path: '/signal/SIGKILL', reason: 'signal', why: /^killed by SIGKILL \(sent from outside/ },
];

for (const { path, reason, why } of cases) {
  test(`${path}: ${reason}`, async () => {
    await using app = await serve({ entry: 'ends-on-request.js', options: ['--workers', '1'] });
    await ask(app.target, path).catch(() => {});
    const { fields } = await app.event('worker exited', { reason });
    assert.match(fields['why']!, why);
  });
}

test('a full heap is told from other aborts, though the event loop never turned', async () => {
  await using app = await serve({
    entry: 'grows.js',
    options: ['--workers', '1'],
    nodeOptions: ['--max-old-space-size=64'],
  });
  await ask(app.target, '/fill').catch(() => {});
  const { fields } = await app.event('worker exited', { reason: 'heap' });
  assert.match(fields['why']!, /V8's heap was full/);
});

test('the first start says it too', async () => {
  await using app = await startApp({ entry: 'throws-at-start.js', options: ['--workers', '1'] });
  const { message, fields } = await app.event('error');
  assert.match(message!, /uncaught Error: .*throws-at-start\.js:\d+/);
  assert.equal(fields['code'], 'ERR_BOOT_FAILED');
  await app.exit();
});
