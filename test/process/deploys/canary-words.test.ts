/** Tests what an application says of itself during a canary, with real processes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serve, startApp, type App } from '../../support/app.ts';

async function reload(app: App): Promise<{ code: number | null; stderr: string }> {
  const options = ['reload', '--canary', '1', '--watch', '12s', '--on-doubt', 'continue'];
  await using command = await startApp({ options, env: { PREFORK_RUNTIME_DIR: app.directory } });
  const { code } = await command.exit(60_000);
  return { code, stderr: command.stderr };
}

test('a release whose application says that it is not well is taken back, with what it says', async () => {
  await using app = await serve({
    entry: 'judges-itself.js',
    options: ['--workers', '2'],
    env: { WORD: 'health' },
  });
  const { code, stderr } = await reload(app);
  assert.equal(code, 1);
  assert.match(stderr, /the new generation is worse: its application says that it is not well: no queue/);
});

test('a release whose metric is worse than its limit is taken back', async () => {
  await using app = await serve({
    entry: 'judges-itself.js',
    options: ['--workers', '2', '--canary-metrics', 'jobs_waiting:higher:50%', '--canary-warmup', '0'],
  });
  const { code, stderr } = await reload(app);
  assert.equal(code, 1);
  assert.match(stderr, /the new generation is worse: its jobs_waiting is 20, that of the baseline 10/);
});

test('a release whose metric is within its limit is kept', async () => {
  await using app = await serve({
    entry: 'judges-itself.js',
    options: ['--workers', '2', '--canary-metrics', 'jobs_waiting:higher:150%', '--canary-warmup', '0'],
  });
  assert.equal((await reload(app)).code, 0);
});
