// `get` of a 200-byte value, one after another, in turns with the same through Redis on loopback.
// node bench/state/get.js (needs redis-server and npm's redis)
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { openState } from '../../dist/state.js';

const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'prefork-bench-'));
const port = 7000 + (process.pid % 1000);
const server = spawn('redis-server', ['--save', '', '--port', String(port), '--bind', '127.0.0.1'], {
  stdio: 'ignore',
});
await delay(500);
const redis = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
const state = await openState({ path: join(directory, 'state') });
const cache = state.cache('users', { ttl: '10m' });
const counter = state.counter('visits');
const value = 'x'.repeat(200);
const object = { id: 7, name: 'x'.repeat(90), mail: 'y'.repeat(60), roles: ['a', 'b'] };
for (let i = 0; i < 500; i++) {
  await cache.set(`user:${i}`, value);
  await cache.set(`object:${i}`, object);
  await redis.set(`user:${i}`, value);
}
const cases = {
  'Redis get': [2000, (i) => redis.get(`user:${i}`)],
  'cache.get, text': [50_000, (i) => cache.get(`user:${i}`)],
  'cache.get, object': [20_000, (i) => cache.get(`object:${i}`)],
  'Redis set': [2000, (i) => redis.set(`user:${i}`, value)],
  'cache.set': [5000, (i) => cache.set(`user:${i}`, value)],
  'Redis incr': [2000, () => redis.incr('visits')],
  'counter.add': [5000, () => counter.add(1)],
};
const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (let turn = 0; turn < 9; turn++) {
  for (const [name, [count, run]] of Object.entries(cases)) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) await run((i * 7) % 500);
    times[name].push(Number(process.hrtime.bigint() - start) / count / 1000);
  }
}
const median = (name) => times[name].toSorted((a, b) => a - b)[4];
for (const name of Object.keys(cases)) {
  const sorted = times[name].toSorted((a, b) => a - b);
  const peer = { get: 'Redis get', set: 'Redis set', add: 'Redis incr' }[/\.(\w+)/.exec(name)?.[1]];
  const ratio = peer ? `${(median(peer) / median(name)).toFixed(1)} times ${peer}` : '';
  console.log(`${name}: ${median(name).toFixed(2)} µs [${sorted[0].toFixed(2)} to ${sorted[8].toFixed(2)}] ${ratio}`);
}
redis.destroy();
server.kill();
await state.close();
rmSync(directory, { recursive: true });
