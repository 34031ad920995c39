import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { sweepAbandoned } from '../../support/abandoned.ts';
import { isAlive } from '../../support/leftovers.ts';
import { noRedis } from '../../support/redis.ts';

/** A run of the tests: it starts a server, prints where, and serves on. */
const run = `
import { serve } from ${JSON.stringify(new URL('../../support/app.js', import.meta.url).href)};
const app = await serve({ entry: 'hello.js', options: ['--workers', '1'] });
console.log(JSON.stringify({ directory: app.directory, pids: app.processes }));
`;

/** Another run, which starts a redis-server. */
const stateRun = `
import { Redis } from ${JSON.stringify(new URL('../../support/redis.js', import.meta.url).href)};
const redis = await Redis.start();
console.log(JSON.stringify({ directory: redis.directory, pids: [redis.pid] }));
`;

for (const [what, code, skip] of [
  ['a server', run, false],
  ['a redis-server', stateRun, noRedis],
] as const) {
  test(
    `what a run of the tests that was killed has left (${what}) is ended and removed by the next; what one that lives has is not`,
    { skip },
    async () => {
      const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [text] = (await once(child.stdout, 'data')) as [Buffer];
      const { directory, pids } = JSON.parse(String(text)) as { directory: string; pids: number[] };
      assert.ok(pids.length >= 1);
      assert.ok(!sweepAbandoned().directories.includes(directory));
      assert.ok(existsSync(directory) && pids.every(isAlive));
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      sweepAbandoned();
      assert.ok(!existsSync(directory));
      while (pids.some(isAlive)) await new Promise(setImmediate);
    },
  );
}
