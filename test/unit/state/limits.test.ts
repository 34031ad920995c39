/** Tests limits of requests against clients that choose their keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { RateLimitStore } from '../../../src/state/adapters/express-rate-limit.ts';
import { rateLimitStore } from '../../../src/state/adapters/fastify-rate-limit.ts';
import { rateLimiter } from '../../../src/state/adapters/rate-limiter-flexible.ts';
import { openState, type State } from '../../../src/state.ts';
import type { Engine } from '../../../src/state/engine.ts';
import { StateError } from '../../../src/state/error.ts';
import { engineOf } from '../../../src/state/state.ts';
import { countingWhen } from '../../../src/state/when-away.ts';
import { noSqlite } from '../../support/platform.ts';

const skip = noSqlite;

type Count = (key: string) => Promise<number>;

const limiters: ReadonlyArray<readonly [name: string, area: string, make: (state: State) => Count]> = [
  [
    'express-rate-limit',
    'express-rate-limit rate-limit',
    (state) => {
      const store = new RateLimitStore(state);
      return async (key) => (await store.increment(key)).totalHits;
    },
  ],
  [
    '@fastify/rate-limit',
    'fastify-rate-limit rate-limit',
    (state) => {
      const store = new (rateLimitStore(state))({});
      const increment = promisify(store.incr.bind(store)) as unknown as (key: string) => Promise<{ current: number }>;
      return async (key) => (await increment(key)).current;
    },
  ],
  [
    'rate-limiter-flexible',
    'rate-limiter-flexible',
    (state) => {
      const limiter = rateLimiter(state, { points: 100, duration: 60 });
      return async (key) => (await limiter.consume(key)).consumedPoints;
    },
  ],
];

for (const [name, area, make] of limiters) {
  test(
    `${name}: a client that makes its key long is counted all the same, and takes no more room`,
    { skip },
    async () => {
      await using state = await openState();
      const count = make(state);
      const [one, other, torn] = [`${'x'.repeat(100_000)}1`, `${'x'.repeat(100_000)}2`, 'half \ud800'];
      assert.deepEqual([await count(one), await count(one), await count(other), await count(torn)], [1, 2, 1, 1]);
      for await (const [key] of engineOf(state).entries(area)) assert.ok(Buffer.byteLength(key) <= 1024, key);
      assert.equal((await engineOf(state).size(area)).entries, 3);
    },
  );
}

test('away from the store, a client that is limited stays so, however many others come', async () => {
  const away = new StateError('ERR_STATE_UNAVAILABLE', 'away');
  const refuse = async (): Promise<never> => Promise.reject(away);
  const engine = { get: refuse, set: refuse, add: refuse, delete: refuse, clear: refuse } as unknown as Engine;
  const counting = countingWhen(engine, 'local');
  const count = async (key: string): Promise<number> => (await counting.add('limit', key, 1, { ttl: 60_000 })).value;
  for (let i = 1; i <= 100; i++) assert.equal(await count('limited'), i);
  for (let i = 0; i < 25_000; i++) assert.equal(await count(`other ${i}`), 1);
  assert.equal(await count('limited'), 101);
  assert.equal(await count('other 24999'), 2, 'the newest are counted too');
  assert.equal(await count('other 0'), 1, 'the number of keys has a bound');
});
