/** Tests the state in a cluster of three masters, while slots move from one to another, and while a replica takes over. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openState, type State, type StateError } from '../../../src/state.ts';
import { slotOf } from '../../../src/state/redis/slots.ts';
import { noRedis, Redis } from '../../support/redis.ts';
import { RedisCluster } from '../../support/redis-cluster.ts';

const skip = noRedis;

let cluster: RedisCluster;
let state: State;
/** Another machine's. */
let other: State;

before(async () => {
  if (skip !== false) return;
  cluster = await RedisCluster.start();
  [state, other] = await Promise.all([open(), open()]);
});
after(async () => {
  await Promise.all([state?.close(), other?.close()]);
  await cluster?.[Symbol.asyncDispose]();
});

/** Opens a state that waits for a busy machine, and for a failover. */
function open(): Promise<State> {
  return openState(cluster.url, { timeout: '10s' });
}

/** Finds a name whose area has its slot at this master. */
function nameAt(master: Redis, area: (name: string) => string): string {
  for (let at = 0; ; at++) {
    const name = `n${at}`;
    if (cluster.masterOf(slotOf(`prefork:{${area(name)}}`)) === master) return name;
  }
}

const cacheArea = (name: string): string => `cache ${name}`;

test('all that the state does, at each of the masters', { skip }, async () => {
  for (const master of cluster.masters) {
    const name = nameAt(master, cacheArea);
    const [ours, theirs] = [state.cache(name, { maxSize: '1mb' }), other.cache(name)];
    for (let key = 0; key < 60; key++) await ours.set(key, `v${key}`);
    assert.equal(await theirs.get(7), 'v7');
    assert.equal((await theirs.size()).entries, 60);
    assert.equal(await theirs.getOrCompute('computed', () => 'once'), 'once');
    assert.equal(await ours.getOrCompute('computed', () => 'twice'), 'once');
    await ours.update(7, (value) => `${String(value)}!`);
    assert.equal(await theirs.get(7), 'v7!');
    assert.equal(((await master.ask('KEYS', `prefork:{cache ${name}}:*`)) as unknown[]).length, 61);
    await theirs.clear();
    assert.equal((await ours.size()).entries, 0);
  }
  const sums = await Promise.all(Array.from({ length: 100 }, (_, at) => (at % 2 ? state : other).counter('n').add(1)));
  assert.equal(new Set(sums).size, 100);
  const tokens = [await state.lock('l', (_, token) => token), await other.lock('l', (_, token) => token)];
  assert.ok(tokens[1]! > tokens[0]!);
});

test('messages have one order for all, whoever sends them', { skip }, async () => {
  await using third = await open();
  const all = [state, other, third].map((one) => one.channel('talk'));
  await Promise.all(all.map((channel) => channel.ready));
  const heard = all.map((channel) => {
    const own: unknown[] = [];
    channel.addEventListener('message', (event) => own.push((event as MessageEvent).data));
    return own;
  });
  await Promise.all(Array.from({ length: 150 }, (_, at) => all[at % 3]!.send(`${at % 3} ${at}`)));
  for (const own of heard) while (own.length < 100) await delay(5);
  // A channel does not hear its own messages.
  for (const [one, two] of [
    [0, 1],
    [1, 2],
    [0, 2],
  ] as const) {
    const [others] = [0, 1, 2].filter((at) => at !== one && at !== two);
    const common = [heard[one]!, heard[two]!].map((own) => own.filter((text) => String(text).startsWith(`${others} `)));
    assert.deepEqual(common[0], common[1]);
  }
  for (const channel of all) channel.close();
});

test('a slot moves to another master under way: nothing is lost, counted twice or left behind', { skip }, async () => {
  const slot = slotOf('prefork:{counters}');
  const from = cluster.masterOf(slot);
  const to = cluster.masters.find((master) => master !== from)!;
  await state.counter('kept').add(5);
  for (let at = 0; at < 50; at++) await state.counter(`many${at}`).add(1);
  await cluster.beginMove(slot, from, to);
  // Some of the keys are at each of the two.
  await cluster.moveKeys(slot, from, to, 25);
  assert.equal(await other.counter('kept').get(), 5, 'what is read is found at either');
  const adding = Promise.all(
    Array.from({ length: 50 }, (_, at) => (at % 2 ? state : other).counter(`new${at % 5}`).add(1)),
  );
  await delay(50);
  while ((await cluster.moveKeys(slot, from, to)) > 0);
  await cluster.assign(slot, to);
  await adding;
  for (let at = 0; at < 5; at++) assert.equal(await state.counter(`new${at}`).get(), 10);
  assert.equal(await state.counter('kept').add(1), 6);
  assert.deepEqual(await from.ask('CLUSTER', 'COUNTKEYSINSLOT', String(slot)), 0);
});

test('an area is listed and cleared as a whole while its slot moves', { skip }, async () => {
  const [to, , from] = cluster.masters as [Redis, Redis, Redis];
  const name = nameAt(from, cacheArea);
  const slot = slotOf(`prefork:{${cacheArea(name)}}`);
  const cache = state.cache(name);
  for (let key = 0; key < 100; key++) await cache.set(key, key);
  await cluster.beginMove(slot, from, to);
  await cluster.moveKeys(slot, from, to, 40);
  assert.equal((await cache.size()).entries, 100);
  const clearing = cache.clear();
  await delay(50);
  while ((await cluster.moveKeys(slot, from, to)) > 0);
  await cluster.assign(slot, to);
  await clearing;
  assert.equal((await other.cache(name).size()).entries, 0);
});

test('a master is killed: its replica takes over, and no acknowledged change is lost', { skip }, async () => {
  const [, lost, kept] = cluster.masters as [Redis, Redis, Redis];
  const name = nameAt(lost, cacheArea);
  const [ours, theirs] = [state.cache<number>(name), other.cache<number>(name)];
  await ours.set('sum', 0);
  const add = (cache: typeof ours): Promise<unknown> => cache.update('sum', (sum) => (sum ?? 0) + 1);
  for (let at = 0; at < 50; at++) await add(at % 2 ? ours : theirs);
  const reachable = state.cache(`${nameAt(kept, (one) => cacheArea(`${one} kept`))} kept`);
  await reachable.set('k', 'v');
  // The channels are there too.
  assert.equal(cluster.masterOf(slotOf('prefork:{channel}')), lost);
  const [speaker, listener] = [state.channel('news'), other.channel('news')];
  await Promise.all([speaker.ready, listener.ready]);
  const gap = once(listener, 'gap');
  await lost.ask('WAIT', '1', '1000');
  const away = once(state, 'away');
  const back = Promise.all([away.then(() => once(state, 'back')), once(other, 'back')]);
  await cluster.replace();
  const end = new AbortController();
  let [acknowledged, uncertain] = [50, 0];
  const writing = [ours, theirs].map(async (cache) => {
    while (!end.signal.aborted) {
      await add(cache).then(
        () => acknowledged++,
        (error: StateError) => {
          assert.equal(error.code, 'ERR_STATE_UNAVAILABLE');
          if (error.isUncertain) uncertain++;
        },
      );
      await delay(10);
    }
  });
  await away;
  assert.equal(state.isAway, true);
  assert.equal(await reachable.get('k'), 'v', 'the other masters go on');
  await back;
  assert.equal(state.isAway, false);
  end.abort();
  await Promise.all(writing);
  const sum = (await theirs.get('sum'))!;
  assert.ok(sum >= acknowledged && sum <= acknowledged + uncertain, `${sum}, ${acknowledged}, ${uncertain}`);
  assert.equal(await ours.get('sum'), sum);
  await gap;
  const heard = once(listener, 'message');
  await speaker.send('again');
  assert.equal(((await heard) as [MessageEvent])[0].data, 'again');
  speaker.close();
  listener.close();
});

test('keys have the slots that the servers compute', { skip }, async () => {
  const keys = [
    'foo',
    '123456789',
    '{user1000}.following',
    'foo{}{bar}',
    'foo{{bar}}zap',
    '{',
    '}{a}',
    'ä{ö}',
    'prefork:{lease}:x',
  ];
  for (const key of keys) assert.equal(await cluster.masters[0]!.ask('CLUSTER', 'KEYSLOT', key), slotOf(key), key);
});

test('URLs of clusters, and servers that are not in one', { skip }, async () => {
  for (const url of ['redis+cluster://', 'redis+cluster://a:1/2', 'redis+cluster://a:b:c', 'redis+cluster://a:1,']) {
    await assert.rejects(openState(url, { timeout: 50 }), { code: 'ERR_STATE_USAGE' }, url);
  }
  const member = `redis://127.0.0.1:${cluster.masters[2]!.port}`;
  const says = { code: 'ERR_STATE_USAGE', message: /belongs to a cluster: give openState redis\+cluster:\/\/127/ };
  await assert.rejects(async () => {
    await using one = await openState(member);
    for (let at = 0; at < 20; at++) await one.cache(`c${at}`).set('k', 'v');
  }, says);
  await using alone = await Redis.start();
  await assert.rejects(openState(alone.url.replace('redis:', 'redis+cluster:')), {
    code: 'ERR_STATE_USAGE',
    message: /is not in a cluster: give openState redis:\/\/127/,
  });
});
