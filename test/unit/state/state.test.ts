import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openState, type Cache, type State } from '../../../src/state.ts';
import { isDead, thisProcess } from '../../../src/state/identity.ts';
import { noSqlite } from '../../support/platform.ts';

const skip = noSqlite;

test('a Node without node:sqlite says what to do', { skip: skip === false && 'this Node has it' }, async () => {
  await assert.rejects(openState(), {
    code: 'ERR_STATE_UNSUPPORTED',
    message: /npm install better-sqlite3, use Node 22\.13 or newer, or openState\('redis/,
  });
});

const bad: ReadonlyArray<readonly [what: string, code: string, run: (state: State) => unknown, message: RegExp]> = [
  ['a function as a value', 'ERR_STATE_VALUE', (s) => s.cache('c').set('k', () => {}), /could not be cloned/],
  [
    'a key that is too long',
    'ERR_STATE_USAGE',
    (s) => s.cache('c').get('k'.repeat(1025)),
    /at most 1024 bytes, got 1025/,
  ],
  [
    'a key that is no text',
    'ERR_STATE_USAGE',
    (s) => s.cache('c').get(7.5),
    /expected a string or a whole number, got 7.5/,
  ],
  ['a cache without a name', 'ERR_STATE_USAGE', (s) => s.cache(''), /expected a name/],
  [
    'an unknown option',
    'ERR_STATE_USAGE',
    (s) => s.cache('c', { tll: 1 } as never),
    /unknown option tll; there are ttl/,
  ],
  ['a time without a unit', 'ERR_STATE_USAGE', (s) => s.cache('c', { ttl: '10' }), /ttl: expected a time .* got '10'/],
  ['a size that is none', 'ERR_STATE_USAGE', (s) => s.cache('c', { maxSize: '1tb' }), /maxSize: expected a size/],
  ['half a visit', 'ERR_STATE_USAGE', (s) => s.counter('n').add(0.5), /expected a whole number, got 0.5/],
  ['a lock without work', 'ERR_STATE_USAGE', (s) => s.lock('l', undefined as never), /expected a function/],
  [
    'a message that cannot be cloned',
    'ERR_STATE_VALUE',
    (s) => s.channel('c').postMessage(Symbol('x')),
    /could not be cloned/,
  ],
  [
    'a message that is too large',
    'ERR_STATE_VALUE',
    (s) => s.channel('c').send('x'.repeat(2 ** 21)),
    /at most 1048576 bytes/,
  ],
  ['a URL of something else', 'ERR_STATE_USAGE', () => openState('http://x'), /expected redis:\/\/host:port\/database/],
  [
    'an option of Redis without a URL',
    'ERR_STATE_USAGE',
    () => openState({ prefix: 'x' }),
    /prefix is for state in Redis/,
  ],
  [
    'a path that cannot be',
    'ERR_STATE_PLACE',
    () => openState({ path: '/dev/null/x' }),
    /cannot keep state in \/dev\/null/,
  ],
];

for (const [what, code, run, message] of bad) {
  test(`refused: ${what}`, { skip }, async () => {
    await using state = await openState();
    await assert.rejects(async () => run(state), { name: 'StateError', code, message });
  });
}

test('what is not there is remembered too, for as long as it may be', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache('c', { ttl: '1m', negativeTtl: 50 });
  let computed = 0;
  const compute = (): undefined => void computed++;
  await cache.getOrCompute('k', compute);
  assert.equal(await cache.getOrCompute('k', compute), undefined);
  assert.equal(computed, 1);
  await delay(70);
  await cache.getOrCompute('k', compute);
  assert.equal(computed, 2);
});

test('a stale value is answered at once, and computed anew once', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache<number>('c', { ttl: 30, staleWhileRevalidate: '1m' });
  let computed = 0;
  const compute = async (): Promise<number> => {
    await delay(20);
    return ++computed;
  };
  assert.equal(await cache.getOrCompute('k', compute), 1);
  await delay(50);
  assert.equal(await cache.get('k'), undefined);
  const answers = await Promise.all(Array.from({ length: 10 }, () => cache.getOrCompute('k', compute)));
  assert.deepEqual(new Set(answers), new Set([1]));
  while ((await cache.get('k')) !== 2) await delay(1);
  assert.deepEqual(cache.stats.computed, 2);
  assert.equal(cache.stats.stale, 10);
});

test('what is counted of a cache is that of all objects of its name', { skip }, async () => {
  await using state = await openState();
  const [one, other] = [state.cache('c', { maxSize: '64kb' }), state.cache('c', { maxSize: '64kb' })];
  await one.set('k', 'v');
  await other.update('k', () => 'w');
  await other.get('k');
  await one.get('none');
  const slow = (): Promise<string> => delay(20, 'slow');
  await Promise.all([one.getOrCompute('slow', slow), one.getOrCompute('slow', slow)]);
  const counted = { hits: 1, misses: 3, stale: 0, sets: 3, evictions: 0, computed: 1, waits: 1, errors: 0 };
  assert.deepEqual(one.stats, counted);
  assert.deepEqual(other.stats, counted);
  for (let i = 0; i < 100; i++) await one.set(`k${i}`, 'x'.repeat(1000));
  const { entries, bytes } = await one.size();
  assert.equal(one.stats.evictions, 102 - entries);
  assert.ok(bytes <= 64 * 1024);
});

test('what compute throws is told to all who wait, and not remembered', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache('c');
  const fail = async (): Promise<never> => {
    await delay(10);
    throw new Error('mine');
  };
  const asked = await Promise.allSettled([cache.getOrCompute('k', fail), cache.getOrCompute('k', fail)]);
  assert.ok(asked.every((answer) => answer.status === 'rejected' && (answer.reason as Error).message === 'mine'));
  assert.equal(await cache.getOrCompute('k', () => 'then'), 'then');
});

test('a whole number is the key that its digits are', { skip }, async () => {
  await using state = await openState();
  const users = state.cache('users');
  assert.deepEqual(await users.getOrCompute(7, (id) => ({ id })), { id: '7' });
  assert.deepEqual(await users.get('7'), { id: '7' });
  assert.equal(await users.delete(7), true);
});

for (const [what, change] of [
  ['a delete', (cache: Cache) => cache.delete('k')],
  ['a clear', (cache: Cache) => cache.clear()],
  ['a newer value', (cache: Cache) => cache.set('k', 'newer')],
] as const) {
  test(`what began to be computed before ${what} is not kept`, { skip }, async () => {
    await using state = await openState();
    const cache = state.cache('c');
    const computation = new EventEmitter();
    const begun = once(computation, 'begun');
    const before = cache.getOrCompute('k', async () => {
      computation.emit('begun');
      await once(computation, 'over');
      return 'old';
    });
    await begun;
    await change(cache);
    // A caller that asks now gets what is true now, not the result of the computation under way.
    const after = cache.getOrCompute('k', () => 'new');
    computation.emit('over');
    assert.equal(await before, 'old');
    const now = what === 'a newer value' ? 'newer' : 'new';
    assert.equal(await after, now);
    assert.equal(await cache.get('k'), now);
  });
}

test('a holder sees that its time is over before its event loop turns', { skip }, async () => {
  await using state = await openState();
  await state.lock(
    'l',
    (signal) => {
      assert.equal(signal.aborted, false);
      // The thread stops as if the process had been stopped, so that no timer runs meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
      assert.equal(signal.aborted, true);
      assert.throws(() => signal.throwIfAborted(), /its time is over/);
    },
    { ttl: 100 },
  );
});

test('what is got is a copy', { skip }, async () => {
  await using state = await openState();
  const cache = state.cache<{ list: number[] }>('c');
  await cache.set('k', { list: [1] });
  (await cache.get('k'))!.list.push(2);
  assert.deepEqual(await cache.get('k'), { list: [1] });
});

test('a lock is not had by two, and who waits too long is told', { skip }, async () => {
  await using state = await openState();
  let inside = 0;
  const work = async (_: AbortSignal, token: number): Promise<number> => {
    assert.equal(++inside, 1);
    await delay(5);
    inside--;
    return token;
  };
  const tokens = await Promise.all(Array.from({ length: 5 }, () => state.lock('l', work)));
  assert.equal(new Set(tokens).size, 5);
  const held = state.lock('l', () => delay(100));
  await assert.rejects(
    state.lock('l', () => {}, { timeout: 30 }),
    { code: 'ERR_STATE_TIMEOUT' },
  );
  await held;
});

test('a process that lives is not dead, one that never was is, and of those elsewhere nothing is known', () => {
  const [machine, namespace] = thisProcess().split(' ');
  assert.equal(isDead(thisProcess()), false);
  assert.equal(isDead(`${machine} ${namespace} ${process.pid} 1`), process.platform === 'linux');
  assert.equal(isDead(`${machine} ${namespace} 4194304 1`), true);
  assert.equal(isDead('elsewhere 1 4194304 1'), false);
  assert.equal(isDead(''), false);
});

test('an id names an addition to one counter', { skip }, async () => {
  await using state = await openState();
  assert.equal(await state.counter('orders').add(1, { id: 'order 7' }), 1);
  assert.equal(await state.counter('revenue').add(1999, { id: 'order 7' }), 1999);
  assert.equal(await state.counter('revenue').add(1999, { id: 'order 7' }), 1999);
  assert.deepEqual([await state.counter('orders').get(), await state.counter('revenue').get()], [1, 1999]);
});
