// The hit rate of a bounded cache on a Zipf load, against an exact LRU of as many entries, and of as many bytes of values.
// node bench/state/zipf.js [300000]
import { openState } from '../../dist/state.js';

const requests = Number(process.argv[2] ?? 300_000);
const keys = 20_000;
const value = 'x'.repeat(1024);
const state = await openState({ maxSize: '1gb' });
let seed = 1;
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
for (const skew of [0.7, 0.9, 1.1]) {
  const sums = [];
  for (let i = 1, sum = 0; i <= keys; i++) sums.push((sum += 1 / i ** skew));
  const draw = () => {
    const at = random() * sums.at(-1);
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < at) low = middle + 1;
      else high = middle;
    }
    return `key:${low}`;
  };
  const cache = state.cache(`zipf ${skew}`, { maxSize: '2mb' });
  const load = Array.from({ length: requests }, draw);
  for (const key of load) if ((await cache.get(key)) === undefined) await cache.set(key, value);
  const { entries } = await cache.size();
  const { hits } = cache.stats;
  const against = [entries, (2 * 1024 * 1024) / value.length].map((most) => {
    const lruHits = hitsOfLru(load, most);
    return `LRU of ${most} ${(lruHits / requests).toFixed(3)}: ${(hits / lruHits).toFixed(3)}`;
  });
  console.log(`skew ${skew}, ${entries} of ${keys} keys: ${(hits / requests).toFixed(3)}, ${against.join(', ')}`);
}
await state.close();

function hitsOfLru(load, most) {
  const lru = new Map();
  let hits = 0;
  for (const key of load) {
    if (lru.delete(key)) hits++;
    lru.set(key, true);
    if (lru.size > most) lru.delete(lru.keys().next().value);
  }
  return hits;
}
