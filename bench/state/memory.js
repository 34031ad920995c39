// A cache of 64 MB under sets of 1 KB by two workers: the most that its files ever take, and what the workers
// themselves keep.
// node bench/state/memory.js [10000000]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState } from '../../dist/state.js';

const [, , count = '10000000', path] = process.argv;
if (path === undefined) {
  const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'prefork-bench-'));
  const store = join(directory, 'state');
  const files = () => readdirSync(store).reduce((sum, name) => sum + statSync(join(store, name)).blocks * 512, 0);
  let most = 0;
  const began = performance.now();
  const execArgv = ['--expose-gc'];
  const children = [1, 2].map((seed) =>
    fork(process.argv[1], [String(Number(count) / 2), store, String(seed)], { execArgv }),
  );
  const growths = [];
  for (const child of children) child.on('message', (growth) => growths.push(growth));
  const timer = setInterval(() => {
    try {
      most = Math.max(most, files());
    } catch {
      // It is not there yet.
    }
  }, 100);
  await Promise.all(children.map((child) => once(child, 'exit')));
  clearInterval(timer);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const inMb = (bytes) => (bytes / 1024 / 1024).toFixed(1);
  console.log(
    `${count} sets in ${seconds} s: at most ${inMb(most)} MB in files, workers keep ${growths.map(inMb).join(' and ')} MB`,
  );
  rmSync(directory, { recursive: true });
} else {
  const state = await openState({ path, maxSize: '1gb' });
  const cache = state.cache('c', { maxSize: '64mb' });
  const value = 'x'.repeat(1024);
  const held = () => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  let seed = Number(process.argv[4]);
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < Number(count); i += 100) {
    // A tenth goes to keys that are read too, so that marks make the eviction leave gaps.
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => {
        const key = at % 10 === 0 ? `hot:${Math.floor(random() * 20000)}` : `k:${process.argv[4]}:${i + at}`;
        return cache.set(key, value);
      }),
    );
    await cache.get(`hot:${Math.floor(random() * 20000)}`);
  }
  process.send(held() - before);
  await state.close();
  process.disconnect();
}
