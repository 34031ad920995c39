/** Tests limits of requests against clients that choose their keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { RateLimitStore } from '../../../src/state/adapters/express-rate-limit.ts';
import { rateLimitStore } from '../../../src/state/adapters/fastify-rate-limit.ts';
import { rateLimiter } from '../../../src/state/adapters/rate-limiter-flexible.ts';
import { openState, type State } from '../../../src/state.ts';
import { engineOf } from '../../../src/state/state.ts';
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
