/** A server that never lets a call come to its end: each call is bounded nevertheless. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import { openState, type State } from '../../../src/state.ts';
import { thisProcess } from '../../../src/state/identity.ts';
import { Format } from '../../../src/state/redis/format.ts';
import { pagesOf } from '../../../src/state/redis/topology.ts';
import { bulk, FakeRedis, type Answering } from '../../support/fake-redis.ts';

/** A busy machine may take long to connect. */
const TIMEOUT_MS = 3000;
const timeout = 20_000;
const isScript = ([name]: readonly string[]): boolean => name!.startsWith('EVAL');
/** A holder of this machine that is gone: no process has this pid. */
const dead = thisProcess().split(' ').with(2, '4194303').join(' ');

async function withFake(
  answering: Answering,
  use: (state: State, redis: FakeRedis) => Promise<void>,
  kind = 'redis',
): Promise<void> {
  await using redis = await FakeRedis.start(answering);
  const url = redis.url.replace('redis', kind);
  const state = await openState(url, { timeout: TIMEOUT_MS, connect: 'lazy' });
  try {
    await use(state, redis);
  } finally {
    await state.close();
  }
}

/** The message of an update that failed by its time. */
function messageIn(result: PromiseSettledResult<unknown>): string {
  assert.equal(result.status, 'rejected');
  const { code, message } = result.reason as NodeJS.ErrnoException;
  assert.equal(code, 'ERR_STATE_TIMEOUT');
  return message;
}

test('a list of keys whose cursor comes again has no end', { timeout }, async () => {
  let page = 0;
  const next = (): string => String((page++ % 7) + 1);
  await withFake(
    ([name]) => (name === 'SCAN' ? `*2\r\n${bulk(next())}*0\r\n` : undefined),
    async (state, redis) => {
      await assert.rejects(state.cache('c').size(), { code: 'ERR_STATE_UNAVAILABLE', message: /comes to no end/ });
      assert.ok(redis.count('SCAN') < 30);
      await assert.rejects(state.cache('c').clear(), { code: 'ERR_STATE_UNAVAILABLE', message: /comes to no end/ });
    },
  );
});

test('a list of keys whose cursors are all new ends after a while', { timeout }, async () => {
  let page = 0;
  const send = async (): Promise<unknown> => {
    await immediate();
    return [Buffer.from(String(++page)), []];
  };
  const all = async (): Promise<void> => {
    for await (const names of pagesOf(send, '*', 1)) assert.deepEqual(names, []);
  };
  await assert.rejects(all(), { code: 'ERR_STATE_UNAVAILABLE', message: /comes to no end/ });
});

test('a long list of keys is read to its end, whatever its reader does meanwhile', { timeout }, async () => {
  let page = 0;
  const send = async (): Promise<unknown> => [Buffer.from(String(++page % 5000)), [Buffer.from('k')]];
  let keys = 0;
  for await (const names of pagesOf(send, '*', 10)) {
    keys += names.length;
    if (keys % 2500 === 0) await delay(1000);
  }
  assert.equal(keys, 5000);
});

const skip = process.platform === 'linux' ? false : 'other addresses of the loopback';

test('a slot that is always at yet another server', { skip, timeout }, async () => {
  let host = 1;
  const port = (socket: { localPort?: number }): number => socket.localPort!;
  await withFake(
    ([name], socket) => (name === 'EXISTS' ? `-ASK 1 127.0.0.${++host}:${port(socket)}\r\n` : undefined),
    async (state) => {
      await assert.rejects(state.cache('c').size(), { code: 'ERR_STATE_UNAVAILABLE', message: /comes to no end/ });
      assert.ok(host < 10);
    },
    'redis+cluster',
  );
});

test('an update that is never written', { timeout }, async () => {
  await withFake(
    (parts) => (isScript(parts) ? ':0\r\n' : undefined),
    async (state) => {
      await assert.rejects(
        state.cache('c').update('k', () => 1),
        { code: 'ERR_STATE_TIMEOUT', message: /changed by others for 3000 ms/ },
      );
    },
  );
});

test('updates that wait for their turn behind one that is never written end with it', { timeout }, async () => {
  await withFake(
    (parts) => (isScript(parts) ? ':0\r\n' : undefined),
    async (state) => {
      const since = performance.now();
      const updates = Array.from({ length: 5 }, () => state.cache('c').update('k', () => 1));
      const [first, ...behind] = await Promise.allSettled(updates);
      assert.match(messageIn(first!), /changed by others for 3000 ms$/);
      // The key was not changed by others for them: none of these has asked.
      for (const one of behind)
        assert.match(messageIn(one), /^'k' waited \d{4} ms behind other updates of it in this process$/);
      // Each would take the whole time by itself.
      assert.ok(performance.now() - since < 3 * TIMEOUT_MS);
    },
  );
});

test('an update that others overtake after it has waited for its turn says both', { timeout }, async () => {
  let writes = 0;
  await withFake(
    // The first update is written after a second, and the second one never.
    (parts, socket) => {
      if (!isScript(parts)) return undefined;
      if (writes++ > 0) return ':0\r\n';
      setTimeout(() => socket.write(':1\r\n'), 1000);
      return '';
    },
    async (state) => {
      const [first, second] = await Promise.allSettled(
        [1, 2].map((value) => state.cache('c').update('k', () => value)),
      );
      assert.equal(first!.status, 'fulfilled');
      assert.match(
        messageIn(second!),
        /changed by others for [12]\d{3} ms, after [12]\d{3} ms behind other updates of it in this process$/,
      );
    },
  );
});

test('a lock whose holder is dead, and never released', { timeout }, async () => {
  await withFake(
    (parts) => (isScript(parts) ? bulk(`1 ${dead} x`) : undefined),
    async (state) => {
      const locking = state.lock('l', () => 1, { timeout: 100 });
      // What answers so to the release is no Redis either.
      await assert.rejects(locking, { code: /^ERR_STATE_(TIMEOUT|UNAVAILABLE)$/ });
    },
  );
  await withFake(
    // An attempt has two keys, and a release has one.
    (parts) => (isScript(parts) && parts[2] === '2' ? bulk(`1 ${dead} x`) : undefined),
    async (state, redis) => {
      await assert.rejects(
        state.lock('l', () => 1, { timeout: 100 }),
        { code: 'ERR_STATE_TIMEOUT' },
      );
      assert.ok(redis.count('EVAL') < 30, `${redis.count('EVAL')} commands`);
    },
  );
});

test('what a dead process computes, and never gives up, is computed here', { timeout }, async () => {
  await withFake(
    (parts) => (isScript(parts) && parts[2] === '3' ? bulk(`${dead} x`) : undefined),
    async (state, redis) => {
      assert.equal(await state.cache('c').getOrCompute('k', () => 7), 7);
      assert.ok(redis.count('EVAL') < 10, `${redis.count('EVAL')} commands`);
    },
  );
});

test('what others compute for ever is waited for three deadlines long', { timeout }, async () => {
  await withFake(
    (parts) => (isScript(parts) && parts[2] === '3' ? bulk('elsewhere 1 2 3 x') : undefined),
    async (state) => {
      const computing = state.cache('c', { deadline: 200 }).getOrCompute('k', () => 7);
      await assert.rejects(computing, { code: 'ERR_STATE_TIMEOUT', message: /computed by others for 600 ms/ });
    },
  );
});

test('a format that is there and is not', { timeout }, async () => {
  let commands = 0;
  const checking = new Format('prefork:').check(async () => {
    if (commands++ > 100) throw new Error('it goes on');
    await immediate();
    return null;
  });
  await assert.rejects(checking, { code: 'ERR_STATE_UNAVAILABLE', message: /comes to no end/ });
  assert.ok(commands <= 6);
});

test('the format is looked at once at a time', { timeout }, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let isSilent = false;
  await withFake(
    ([name, key]) => (isSilent && name === 'GET' && key!.endsWith('{format}') ? '' : undefined),
    async (state, redis) => {
      await state.cache('c').get('k');
      isSilent = true;
      const before = redis.count('GET');
      for (let look = 0; look < 5; look++) {
        t.mock.timers.tick(10_000);
        await delay(20);
      }
      assert.equal(redis.count('GET') - before, 1);
    },
  );
});
