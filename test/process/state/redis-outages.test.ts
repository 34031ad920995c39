/** Tests what is lost, done twice or held for ever when the network to Redis is cut without a word. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import { openState, type State } from '../../../src/state.ts';
import { RateLimitStore } from '../../../src/state/adapters/express-rate-limit.ts';
import { HoldingProxy } from '../../support/holding-proxy.ts';
import { freePort } from '../../support/platform.ts';
import { noRedis, Redis } from '../../support/redis.ts';

const skip = noRedis;
/** Long enough for an answer on a busy machine. */
const TIMEOUT_MS = 2000;

interface Cut extends AsyncDisposable {
  readonly redis: Redis;
  readonly network: HoldingProxy;
  /** A state behind the network that is cut. */
  readonly state: State;
  /** A state of another machine, whose network works. */
  readonly other: State;
}

async function cut(): Promise<Cut> {
  const redis = await Redis.start();
  const network = await HoldingProxy.start(Number(new URL(redis.url).port));
  const state = await openState(`redis://127.0.0.1:${network.port}`, { timeout: TIMEOUT_MS, connect: 'lazy' });
  while (state.isAway) await delay(5);
  const other = await openState(redis.url);
  return {
    redis,
    network,
    state,
    other,
    async [Symbol.asyncDispose]() {
      await Promise.all([state.close(), other.close()]);
      await network[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

const unavailable = { code: 'ERR_STATE_UNAVAILABLE' };

test('a silent cut costs one timeout, then calls fail at once, and the state says so', { skip }, async () => {
  await using lab = await cut();
  const { state, network } = lab;
  const away = once(state, 'away');
  network.hold();
  await assert.rejects(state.counter('n').get(), unavailable);
  await away;
  assert.equal(state.isAway, true);
  const since = performance.now();
  for (let call = 0; call < 20; call++) await assert.rejects(state.counter('n').get(), unavailable);
  assert.equal(await state.cache('c').getOrCompute('k', () => 'computed'), 'computed');
  assert.ok(performance.now() - since < 20 * TIMEOUT_MS, 'none of the calls waited for a timeout of its own');
  const back = once(state, 'back');
  network.pass();
  await back;
  assert.equal(state.isAway, false);
  assert.equal(await state.counter('n').add(1), 1);
});

test('an idle connection that is cut is noticed without a call', { skip }, async () => {
  await using lab = await cut();
  lab.network.hold();
  await once(lab.state, 'away');
});

test('an addition that failed is not done later, when the network delivers it', { skip }, async () => {
  await using lab = await cut();
  const { state, other, network } = lab;
  assert.equal(await state.counter('n').add(1), 1);
  network.hold();
  const calls = Array.from({ length: 50 }, () => state.counter('n').add(1));
  await immediate();
  const by = performance.now() + TIMEOUT_MS;
  const failed = await Promise.allSettled(calls);
  assert.ok(failed.every(({ status }) => status === 'rejected'));
  // The first to wait too long fails for all of them. Each may still count until its own time is over.
  await delay(by - performance.now());
  const back = once(state, 'back');
  network.pass();
  await back;
  assert.equal(await other.counter('n').get(), 1);
  assert.equal(await state.counter('n').add(1), 2);
});

test('an addition whose answer was lost counts once when it is repeated with its id', { skip }, async () => {
  await using lab = await cut();
  const { state, other, network } = lab;
  // The server knows the script by now, so what is sent below is the addition itself.
  await state.counter('n').add(0);
  network.hold('answers');
  await assert.rejects(state.counter('n').add(5, { id: 'order 7' }), { ...unavailable, isUncertain: true });
  assert.equal(await other.counter('n').get(), 5, 'it was done');
  const back = once(state, 'back');
  network.pass();
  await back;
  assert.equal(await state.counter('n').add(5, { id: 'order 7' }), 5);
  assert.equal(await other.counter('n').get(), 5);
});

test(
  'a lock that was got without an answer is given back, and others need not wait for its end',
  { skip },
  async () => {
    await using lab = await cut();
    const { state, other, network } = lab;
    await state.lock('l', () => {});
    network.hold('answers');
    await assert.rejects(
      state.lock('l', () => {}, { ttl: '1h', timeout: '1h' }),
      unavailable,
    );
    await assert.rejects(
      other.lock('l', () => {}, { timeout: 0 }),
      { code: 'ERR_STATE_TIMEOUT' },
      'it was got',
    );
    network.pass();
    assert.equal(await other.lock('l', () => 'mine', { timeout: '1h' }), 'mine');
  },
);

test(
  'a connection that the server closes is made anew within the timeout, and reads are repeated',
  { skip },
  async () => {
    await using lab = await cut();
    const { state, network } = lab;
    await state.cache('c').set('k', 'v');
    for (let round = 0; round < 20; round++) {
      const reads = Array.from({ length: 20 }, () => state.cache('c').get('k'));
      network.reset();
      assert.deepEqual(
        await Promise.all(reads),
        Array.from({ length: 20 }, () => 'v'),
      );
    }
  },
);

test('a channel hears of the gap when its connection was lost', { skip }, async () => {
  await using lab = await cut();
  const { state, other, network } = lab;
  const channel = state.channel('talk');
  const speaker = other.channel('talk');
  await Promise.all([channel.ready, speaker.ready]);
  const gap = once(channel, 'gap');
  const heard: unknown[] = [];
  channel.addEventListener('message', (event) => heard.push((event as MessageEvent).data));
  network.hold();
  // The connection that listens is lost for certain, and cannot be made anew before the message is sent.
  network.reset();
  await once(state, 'away');
  await speaker.send('missed');
  network.pass();
  await gap;
  await speaker.send('heard');
  while (heard.length === 0) await delay(10);
  assert.ok(heard.at(-1) === 'heard');
  assert.equal(heard.filter((message) => message === 'heard').length, 1);
});

test(
  'the gap comes before a message that arrives together with the answer to the new subscription',
  { skip },
  async () => {
    await using lab = await cut();
    const { state, other, network } = lab;
    const channel = state.channel('talk');
    const speaker = other.channel('talk');
    await Promise.all([channel.ready, speaker.ready]);
    const heard: unknown[] = [];
    channel.addEventListener('message', (event) => heard.push((event as MessageEvent).data));
    channel.addEventListener('gap', () => heard.push('gap'));
    const subscribed = network.holdFrom('subscribe');
    network.reset();
    await subscribed;
    const arrived = network.holdFrom('together');
    await speaker.send('together');
    await arrived;
    network.pass();
    while (!heard.includes('gap')) await delay(5);
    await speaker.send('after');
    while (!heard.includes('after')) await delay(5);
    assert.equal(heard[0], 'gap', heard.join());
  },
);

test(
  'a server that announces its move, as Redis Cloud does before maintenance, loses no subscription',
  { skip },
  async () => {
    await using lab = await cut();
    const { redis, state, other, network } = lab;
    const channel = state.channel('talk');
    const speaker = other.channel('talk');
    await Promise.all([channel.ready, speaker.ready]);
    const heard: unknown[] = [];
    channel.addEventListener('message', (event) => heard.push((event as MessageEvent).data));
    const place = `127.0.0.1:${redis.port}`;
    network.say(`>4\r\n$6\r\nMOVING\r\n:1\r\n:0\r\n$${place.length}\r\n${place}\r\n`);
    for (let nth = 0; nth < 20; nth++) {
      await delay(10);
      await speaker.send(nth);
    }
    for (const end = performance.now() + 5000; heard.length < 20 && performance.now() < end;) await delay(5);
    assert.equal(heard.length, 20);
    assert.equal(await state.counter('n').add(1), 1);
  },
);

test('lazy: the state opens while Redis is away, and works when it comes', { skip }, async () => {
  await using redis = await Redis.start();
  await redis.kill();
  await using state = await openState(redis.url, { connect: 'lazy', timeout: TIMEOUT_MS });
  assert.equal(state.isAway, true);
  const leadership = state.runOnce('job', () => {});
  await assert.rejects(state.counter('n').add(1), { ...unavailable, isUncertain: false });
  await redis.start();
  while (!leadership.isLeader) await delay(10);
  assert.equal(await state.counter('n').add(1), 1);
});

test('limits of requests while Redis is away: fail, local, allow', { skip }, async () => {
  await using lab = await cut();
  const { state, network } = lab;
  const stores = (['fail', 'local', 'allow'] as const).map((whenAway) => {
    const store = new RateLimitStore(state, { name: whenAway, whenAway });
    store.init({ windowMs: 60_000 });
    return store;
  });
  const [failing, local, allowing] = stores as [RateLimitStore, RateLimitStore, RateLimitStore];
  for (const store of stores) assert.equal((await store.increment('a')).totalHits, 1);
  network.hold();
  await once(state, 'away');
  await assert.rejects(failing.increment('a'), unavailable);
  assert.deepEqual([(await local.increment('a')).totalHits, (await local.increment('a')).totalHits], [1, 2]);
  assert.deepEqual([(await allowing.increment('a')).totalHits, (await allowing.increment('a')).totalHits], [1, 1]);
  const back = once(state, 'back');
  network.pass();
  await back;
  for (const store of stores) assert.equal((await store.increment('a')).totalHits, 2);
  assert.throws(() => new RateLimitStore(state, { whenAway: 'shrug' as 'fail' }), { code: 'ERR_STATE_USAGE' });
});

test(
  'Redis restarts without its data: the leader loses its lease, and the next token is larger',
  { skip },
  async () => {
    await using redis = await Redis.start();
    await using one = await openState(redis.url, { timeout: TIMEOUT_MS });
    await using two = await openState(redis.url, { timeout: TIMEOUT_MS });
    const tokens: number[] = [];
    const duty = (_: AbortSignal, token: number): void => void tokens.push(token);
    const leaders = [one.runOnce('job', duty, { ttl: '300ms' }), two.runOnce('job', duty, { ttl: '300ms' })];
    while (tokens.length === 0) await delay(10);
    await redis.kill();
    redis.forget();
    await redis.start();
    while (tokens.length < 2) {
      assert.ok(leaders.filter(({ isLeader }) => isLeader).length <= 1, 'there are never two leaders');
      await delay(5);
    }
    assert.ok(tokens[1]! > tokens[0]!, String(tokens));
  },
);

test('Sentinel: the state follows the name to the replica that takes over', { skip }, async () => {
  await using main = await Redis.start();
  await using replica = await Redis.start({ replicaOf: main });
  await using sentinel = await Redis.startSentinel('mine', main);
  await using state = await openState(`redis+sentinel://127.0.0.1:${sentinel.port}/mine`, { timeout: '1s' });
  assert.equal(await state.counter('n').add(1), 1);
  while ((await replica.ask('GET', 'prefork:{counters}:n')) !== '1') await delay(20);
  await sentinel.seesReplica();
  await main.kill();
  for (const end = performance.now() + 60_000; ; await delay(100)) {
    const value = await state
      .counter('n')
      .add(1, { id: 'once' })
      .catch(() => undefined);
    if (value !== undefined) {
      assert.equal(value, 2);
      break;
    }
    assert.ok(performance.now() < end, 'it follows');
  }
});

test('URLs that cannot be used', { skip }, async () => {
  const port = await freePort();
  for (const url of [
    'redis+sentinel://localhost',
    'redis+sentinel://a:1,b:2',
    'http://x',
    'redis://',
    'redis://a:b:c',
  ]) {
    await assert.rejects(openState(url, { timeout: 50 }), { code: 'ERR_STATE_USAGE' }, url);
  }
  await assert.rejects(openState(`redis+sentinel://127.0.0.1:${port}/mine`, { timeout: 1000 }), {
    ...unavailable,
    message: /127\.0\.0\.1:\d+ \(mine\).*ECONNREFUSED/,
  });
  await assert.rejects(openState('redis://x', { connect: 'soon' as 'lazy' }), { code: 'ERR_STATE_USAGE' });
});
