/** Tests what a store does that is full, or about to be. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Database } from '../../../src/state/embedded/database.ts';
import { EmbeddedEngine } from '../../../src/state/embedded/engine.ts';
import { ItemFrame } from '../../../src/state/embedded/frame.ts';
import { Leases } from '../../../src/state/embedded/leases.ts';
import type { Messages } from '../../../src/state/embedded/messages.ts';
import { Namespaces } from '../../../src/state/embedded/namespaces.ts';
import { Transactions } from '../../../src/state/embedded/transactions.ts';
import { thisProcess } from '../../../src/state/identity.ts';
import type { Stored } from '../../../src/state/value.ts';
import { noSqlite } from '../../support/platform.ts';

const skip = noSqlite;
const MB = 1024 * 1024;
const full = { code: 'ERR_STATE_FULL' };

async function open(t: TestContext, maxSize: number): Promise<EmbeddedEngine> {
  const engine = await EmbeddedEngine.open({ directory: undefined, maxSize });
  t.after(() => engine.close());
  return engine;
}

function text(bytes: number): Stored {
  return { kind: 'text', data: 'x'.repeat(bytes) };
}

/** Adds to new counters, many at a time. */
async function count(engine: EmbeddedEngine, area: string, from: number, to: number, ttl: number): Promise<void> {
  for (let i = from; i < to; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => engine.add(area, `client ${i + at}`, 1, { ttl })));
  }
}

/** Writes what must not be evicted, until nothing more fits. */
async function fill(engine: EmbeddedEngine, sizes: readonly number[]): Promise<void> {
  for (const [at, size] of sizes.entries()) {
    for (let i = 0; ; i++) {
      const isWritten = await engine.set('sessions', `${at} ${i}`, text(size), {}).catch(() => false);
      if (!isWritten) break;
    }
  }
}

test('caches keep room for what is no cache, however many of them there are', { skip }, async (t) => {
  const engine = await open(t, 4 * MB);
  const terms = { maxSize: 64 * MB };
  await engine.set('small', 'k', text(100), terms);
  for (let i = 0; i < 12_000; i += 100) {
    const area = i < 6000 ? 'first' : 'second';
    await Promise.all(Array.from({ length: 100 }, (_, at) => engine.set(area, `k${i + at}`, text(1000), terms)));
  }
  const sizes = await Promise.all(['first', 'second', 'small'].map(async (area) => (await engine.size(area)).bytes));
  const [first, second, small] = sizes as [number, number, number];
  assert.ok(first + second + small <= 3 * MB, `${first} and ${second} bytes`);
  assert.ok(second > 1.3 * MB && first > 1.3 * MB, `${first} and ${second} bytes: the largest one gives way`);
  assert.equal((await engine.get('small', 'k'))?.stored.kind, 'text');
  assert.equal((await engine.get('second', 'k11999'))?.stored.kind, 'text');
  assert.ok(engine.evicted('first') > 0 && engine.evicted('second') > 0);
  await count(engine, 'counters', 0, 500, 60_000);
  assert.ok('token' in (await engine.acquire('lock l', thisProcess(), 1000)));
  await engine.publish('channel c', Buffer.alloc(100_000), '');
});

test('what must not be evicted takes the place of caches before it is refused', { skip }, async (t) => {
  const engine = await open(t, 2 * MB);
  for (let i = 0; i < 2000; i++) await engine.set('cache', `k${i}`, text(1000), { maxSize: 64 * MB });
  for (let i = 0; i < 1500; i++) await engine.set('sessions', `k${i}`, text(1000), {});
  assert.equal((await engine.size('sessions')).entries, 1500);
  assert.ok((await engine.size('cache')).bytes < 0.5 * MB);
});

test('a store that is full of what has expired takes new clients, whatever they count', { skip }, async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const engine = await open(t, MB);
  await assert.rejects(count(engine, 'limit a', 0, 100_000, 60_000), full);
  await assert.rejects(engine.set('sessions', 'large', text(100_000), {}), full);
  t.mock.timers.tick(60_000);
  await count(engine, 'limit b', 0, 2000, 60_000);
  await engine.set('sessions', 'large', text(100_000), {});
});

test('what has expired goes, without being asked for, while new items come', { skip }, async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const engine = await open(t, 16 * MB);
  await count(engine, 'limit', 0, 10_000, 1000);
  t.mock.timers.tick(1000);
  await count(engine, 'limit', 10_000, 20_000, 60_000);
  assert.ok((await engine.size('limit')).entries < 10_100);
});

test('messages take a part of a small store, and the oldest go', { skip }, async (t) => {
  const engine = await open(t, 2 * MB);
  for (let i = 0; i < 1000; i++) await engine.publish('channel c', Buffer.alloc(10_000), '');
  await engine.set('sessions', 'k', text(MB), {});
});

test('a store that is full of what must stay says so, and keeps its locks going', { skip }, async (t) => {
  const engine = await open(t, MB);
  const owners = ['one', 'two'].map((nth) => `${thisProcess()} ${nth}`) as [string, string];
  await engine.acquire('lock l', owners[0], 60_000);
  assert.deepEqual(await engine.acquire('lock l', owners[1], 60_000), { heldBy: owners[0] });
  await fill(engine, [50_000, 1000, 1]);
  await engine.publish('channel c', Buffer.alloc(9000), '').catch(() => {});
  await engine.release('lock l', owners[0]);
  assert.ok('token' in (await engine.acquire('lock l', owners[1], 60_000)));
});

test('a lease is released where there is no room for the message to those that wait', { skip }, async (t) => {
  const database = Database.open(undefined, MB);
  t.after(() => database.close());
  const areas = new Namespaces(database);
  const transactions = new Transactions(
    database,
    () => new ItemFrame(database, areas, undefined, () => {}),
    () => false,
  );
  const write = (): never => {
    throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
  };
  const leases = new Leases(database, transactions, { write } as unknown as Messages);
  const owners = ['one', 'two'].map((nth) => `${thisProcess()} ${nth}`) as [string, string];
  await leases.acquire('l', owners[0], 60_000);
  assert.deepEqual(await leases.acquire('l', owners[1], 60_000), { heldBy: owners[0] });
  await leases.release('l', owners[0]);
  assert.ok('token' in (await leases.acquire('l', owners[1], 60_000)));
});

test('a job waits for room that can only be made once another process lets go of the store', { skip }, async (t) => {
  const database = Database.open(undefined, MB);
  t.after(() => database.close());
  const fail = (errcode: number): never => {
    throw Object.assign(new Error('refused'), { code: 'ERR_SQLITE_ERROR', errcode });
  };
  const [BUSY, FULL] = [5, 13];
  let asked = 0;
  const makeRoom = (): boolean => (asked++ < 3 ? fail(BUSY) : true);
  const transactions = new Transactions(database, () => ({ beforeCommit() {}, afterCommit() {} }), makeRoom);
  const write = (): string => (asked < 4 ? fail(FULL) : 'written');
  assert.deepEqual(await Promise.all([transactions.run(write), transactions.run(write)]), ['written', 'written']);
  assert.equal(asked, 4);
});

/** Runs a write that fits once `makeRoom` has been called `steps` times, beside another one that fits. */
async function writeAfter(t: TestContext, steps: number): Promise<number> {
  const database = Database.open(undefined, MB);
  t.after(() => database.close());
  let made = 0;
  const makeRoom = (): boolean => ++made > 0;
  const transactions = new Transactions(database, () => ({ beforeCommit() {}, afterCommit() {} }), makeRoom);
  const write = (): void => {
    if (made < steps) throw Object.assign(new Error('full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
  };
  await Promise.all([transactions.run(write), transactions.run(() => {})]);
  return made;
}

test('room is made in as many steps as a write needs', { skip }, async (t) => {
  t.mock.method(performance, 'now', () => 0);
  assert.equal(await writeAfter(t, 40), 40);
});

test('room is not made without end for a write that never fits', { skip }, async (t) => {
  await assert.rejects(writeAfter(t, Infinity), full);
});

test('nothing goes for an item that is larger than the store', { skip }, async (t) => {
  const engine = await open(t, MB);
  await engine.set('cache', 'k', text(100_000), { maxSize: MB });
  await assert.rejects(engine.set('sessions', 'k', text(2 * MB), {}), full);
  assert.equal((await engine.size('cache')).entries, 1);
});

test('a cache whose bound has become less gets there in several writes', { skip }, async (t) => {
  const engine = await open(t, 32 * MB);
  for (let i = 0; i < 80; i++) await engine.set('cache', `k${i}`, text(100_000), { maxSize: 16 * MB });
  const sizes: number[] = [];
  for (let i = 0; i < 20; i++) {
    sizes.push((await engine.size('cache')).bytes);
    await engine.set('cache', `new ${i}`, text(1000), { maxSize: MB });
  }
  for (const [at, size] of sizes.entries()) {
    if (at > 0) assert.ok(sizes[at - 1]! - size < 1.2 * MB, `a write frees ${sizes[at - 1]! - size} bytes`);
  }
  assert.ok(sizes.at(-1)! <= MB, `${sizes.at(-1)} bytes stay`);
});

test('all caches of a store that has become smaller get there in several writes', { skip }, async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'prefork-room-'));
  t.after(() => rmSync(parent, { recursive: true }));
  const directory = join(parent, 'state');
  const before = await EmbeddedEngine.open({ directory, maxSize: 16 * MB });
  for (let i = 0; i < 100; i++) await before.set('cache', `k${i}`, text(100_000), { maxSize: 16 * MB });
  before.close();
  const engine = await EmbeddedEngine.open({ directory, maxSize: 4 * MB });
  t.after(() => engine.close());
  const first = (await engine.size('cache')).bytes;
  await engine.set('small', 'k', text(1000), { maxSize: MB });
  const freed = first - (await engine.size('cache')).bytes;
  assert.ok(freed > 0 && freed < 1.5 * MB, `a write frees ${freed} bytes`);
  for (let i = 0; i < 10; i++) await engine.set('small', `k${i}`, text(1000), { maxSize: MB });
  assert.ok((await engine.size('cache')).bytes <= 3 * MB);
});

test('a cache evicts nothing while there is enough of it that has expired', { skip }, async (t) => {
  t.mock.timers.enable({ apis: ['Date'] });
  const engine = await open(t, 16 * MB);
  const terms = { maxSize: MB };
  for (let i = 0; i < 100; i++) await engine.set('cache', `live ${i}`, text(1000), terms);
  for (let i = 0; i < 700; i++) await engine.set('cache', `k${i}`, text(1000), { ...terms, ttl: 1000 });
  t.mock.timers.tick(1000);
  await engine.set('cache', 'large', text(500_000), terms);
  assert.equal(engine.evicted('cache'), 0);
  for (let i = 0; i < 100; i++) assert.notEqual(await engine.get('cache', `live ${i}`), undefined);
});
