// Workers that write all the time are killed with SIGKILL, so many times: nothing may be damaged, stuck or torn.
// node bench/state/torture.js [1000]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState } from '../../dist/state.js';

const [, , kills = '1000', path] = process.argv;
const options = { path, maxSize: '64mb' };
if (path !== undefined) {
  const state = await openState(options);
  const cache = state.cache('c', { maxSize: '4mb', ttl: '1s' });
  process.send('begun');
  for (let i = 0; ; i++) {
    const letter = String.fromCharCode(97 + (i % 26));
    await Promise.all([
      cache.set(`k${i % 5000}`, letter.repeat(100 + ((i * 37) % 5000))),
      state.counter('sum').add(1),
      state.lock(`l${i % 3}`, () => {}),
      cache.update('pair', ([a] = [0]) => [a + 1, a + 1]),
      state.channel('talk').send(i),
    ]);
  }
}
const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'prefork-bench-'));
const store = join(directory, 'state');
const state = await openState({ ...options, path: store });
const cache = state.cache('c', { maxSize: '4mb' });
let killed = 0;
const victims = Array.from({ length: 4 }, async () => {
  while (killed < Number(kills)) {
    const victim = fork(process.argv[1], ['0', store], { execArgv: ['--no-warnings'] });
    await once(victim, 'message');
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    victim.kill('SIGKILL');
    await once(victim, 'exit');
    killed++;
  }
});
let isOver = false;
void Promise.all(victims).then(() => (isOver = true));
let [slowest, last, torn, looks] = [0, 0, 0, 0];
while (!isOver) {
  const start = performance.now();
  const sum = await state.counter('sum').add(1);
  await state.lock('l1', () => {});
  const pair = (await cache.get('pair')) ?? [0, 0];
  const value = (await cache.get(`k${looks % 5000}`)) ?? 'x';
  if (sum <= last || pair[0] !== pair[1] || value !== value[0].repeat(value.length)) torn++;
  last = sum;
  looks++;
  slowest = Math.max(slowest, performance.now() - start);
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await state.close();
const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
const database = new DatabaseSync(join(store, 'store.db'));
const [{ integrity_check: integrity }] = database.prepare('PRAGMA integrity_check').all();
database.close();
console.log(
  `${killed} kills, ${last} additions, ${looks} looks, ${torn} torn, slowest ${slowest.toFixed(0)} ms, integrity ${integrity}`,
);
rmSync(directory, { recursive: true });
process.exitCode = torn === 0 && integrity === 'ok' ? 0 : 1;
