import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { noSqlite } from '../../support/platform.ts';
import { temporaryDirectory } from '../scoreboard/helpers.ts';
import type { Opening } from './opening.ts';

test('workers that start at once make one store, and none takes it for another’s', { skip: noSqlite }, async (t) => {
  const threads = 4;
  const workerData: Opening = {
    directory: temporaryDirectory(t),
    come: new Int32Array(new SharedArrayBuffer(4)),
    threads,
    stores: 100,
  };
  const opening = Array.from({ length: threads }, async () => {
    const worker = new Worker(new URL('opening.js', import.meta.url), { workerData });
    t.after(() => worker.terminate());
    const [message] = (await once(worker, 'message')) as [string];
    return message;
  });
  assert.deepEqual(await Promise.all(opening), Array(threads).fill('all opened'));
});
