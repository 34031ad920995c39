/** Tests the promises of the state's engines, on each of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { computationOf, type Engine } from '../../../src/state/engine.ts';
import { EmbeddedEngine } from '../../../src/state/embedded/engine.ts';
import { RedisEngine } from '../../../src/state/redis/engine.ts';
import { thisProcess } from '../../../src/state/identity.ts';
import { encode, type Stored } from '../../../src/state/value.ts';
import { noSqlite } from '../../support/platform.ts';
import { noRedis, Redis } from '../../support/redis.ts';

interface Case {
  readonly name: string;
  /**
   * Runs the case.
   *
   * @param a @param b two processes' views of one store; in memory, where there is only one, the same.
   */
  readonly run: (a: Engine, b: Engine) => Promise<void>;
}

interface Subject {
  readonly name: string;
  readonly skip: string | false;
  open(): Promise<{ a: Engine; b: Engine; close(): Promise<void> }>;
}

const text = (data: string): Stored => encode(data, 'text');
const data = async (engine: Engine, area: string, key: string): Promise<unknown> =>
  (await engine.get(area, key))?.stored.data;

const cases: readonly Case[] = [
  {
    name: 'what one writes the other reads at once, also over what it has read before',
    async run(a, b) {
      for (let round = 0; round < 300; round++) {
        await a.set('area', 'key', text(`a${round}`), {});
        assert.equal(await data(b, 'area', 'key'), `a${round}`);
        await b.set('area', 'key', text(`b${round}`), {});
        assert.equal(await data(a, 'area', 'key'), `b${round}`);
      }
    },
  },
  {
    name: 'text, bytes, numbers and clones come back as they were',
    async run(a, b) {
      const values = [
        '',
        'ä\0€',
        Buffer.alloc(0),
        Buffer.from([0, 255, 10, 13]),
        7.5,
        null,
        undefined,
        new Map([[1, { x: [2n] }]]),
      ];
      for (const [index, value] of values.entries()) {
        const stored = encode(value, 'it');
        await a.set('kinds', String(index), stored, {});
        const got = await b.get('kinds', String(index));
        assert.equal(got?.stored.kind, stored.kind);
        assert.deepEqual(Buffer.from(got.stored.data as string), Buffer.from(stored.data as string));
      }
    },
  },
  {
    name: 'an entry is gone after its ttl, and stale before',
    async run(a, b) {
      await a.set('ttl', 'key', text('x'), { ttl: 300, stale: 600 });
      assert.ok((await b.get('ttl', 'key'))!.freshUntil > Date.now());
      await delay(320);
      assert.ok((await b.get('ttl', 'key'))!.freshUntil <= Date.now());
      await delay(600);
      assert.equal(await b.get('ttl', 'key'), undefined);
    },
  },
  {
    name: 'delete says whether there was one, and another reader sees it',
    async run(a, b) {
      await a.set('area', 'gone', text('x'), {});
      assert.equal(await data(b, 'area', 'gone'), 'x');
      assert.equal(await a.delete('area', 'gone'), true);
      assert.equal(await b.get('area', 'gone'), undefined);
      assert.equal(await b.delete('area', 'gone'), false);
    },
  },
  {
    name: 'only where there is one, only where there is none',
    async run(a, b) {
      assert.equal(await a.set('when', 'key', text('1'), { when: 'present' }), false);
      assert.equal(await a.set('when', 'key', text('2'), { when: 'absent' }), true);
      assert.equal(await b.set('when', 'key', text('3'), { when: 'absent' }), false);
      assert.equal(await b.set('when', 'key', text('4'), { when: 'present' }), true);
      assert.equal(await data(a, 'when', 'key'), '4');
    },
  },
  {
    name: 'additions side by side are all counted, and begin anew after the ttl of the first',
    async run(a, b) {
      const adds = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? a : b).add('sums', 'key', 1, { ttl: 500 }));
      const values = (await Promise.all(adds)).map(({ value }) => value);
      assert.deepEqual(new Set(values), new Set(Array.from({ length: 200 }, (_, i) => i + 1)));
      const { expires } = await a.add('sums', 'key', 0, { ttl: 500 });
      assert.ok(expires > Date.now() && expires <= Date.now() + 500, `${expires - Date.now()}`);
      await delay(520);
      assert.equal((await b.add('sums', 'key', 5)).value, 5);
      assert.equal((await a.add('sums', 'key', -7)).expires, Infinity);
    },
  },
  {
    name: 'what cannot be added to is refused, and stays',
    async run(a) {
      await a.set('sums', 'text', text('x'), {});
      await assert.rejects(a.add('sums', 'text', 1), { code: 'ERR_STATE_VALUE' });
      assert.equal(await data(a, 'sums', 'text'), 'x');
      await a.add('sums', 'large', Number.MAX_SAFE_INTEGER);
      await assert.rejects(a.add('sums', 'large', 1), { code: 'ERR_STATE_VALUE' });
      assert.equal((await a.add('sums', 'large', 0)).value, Number.MAX_SAFE_INTEGER);
    },
  },
  {
    name: 'updates side by side lose nothing, and one that throws changes nothing',
    async run(a, b) {
      const append = (engine: Engine, letter: string): Promise<void> =>
        engine.update('texts', 'key', (entry) => ({
          stored: text(String(entry?.stored.data ?? '') + letter),
          terms: {},
        }));
      await Promise.all(Array.from({ length: 40 }, (_, i) => append(i % 2 === 0 ? a : b, 'x')));
      assert.equal(await data(a, 'texts', 'key'), 'x'.repeat(40));
      const fail = (): never => {
        throw new Error('mine');
      };
      await assert.rejects(b.update('texts', 'key', fail), { message: 'mine' });
      assert.equal(await data(a, 'texts', 'key'), 'x'.repeat(40));
    },
  },
  {
    name: 'an area that is cleared is empty, and no other is',
    async run(a, b) {
      for (let i = 0; i < 300; i++) await a.set('many', `k${i}`, text('x'), {});
      await a.set('many*', 'other', text('x'), {});
      const keys = new Set<string>();
      for await (const [key] of b.entries('many')) keys.add(key);
      assert.equal(keys.size, 300);
      assert.equal((await b.size('many')).entries, 300);
      assert.equal(await data(b, 'many', 'k7'), 'x');
      await a.clear('many');
      assert.equal(await b.get('many', 'k7'), undefined);
      assert.deepEqual((await a.size('many')).entries, 0);
      assert.equal(await data(b, 'many*', 'other'), 'x');
    },
  },
  {
    name: 'an area keeps its bound, and what alone is more is refused',
    async run(a, b) {
      const maxSize = 64 * 1024;
      for (let i = 0; i < 500; i++)
        await (i % 2 === 0 ? a : b).set('bound', `k${i}`, text('x'.repeat(1000)), { maxSize });
      const { entries, bytes } = await b.size('bound');
      assert.ok(bytes <= maxSize && bytes > maxSize * 0.9, `${bytes} bytes`);
      assert.ok(entries > 40 && entries < 64, `${entries} entries`);
      assert.equal(a.evicted('bound') + (a === b ? 0 : b.evicted('bound')), 500 - entries);
      assert.equal(await data(a, 'bound', 'k499'), 'x'.repeat(1000));
      await assert.rejects(a.set('bound', 'k499', text('y'.repeat(maxSize)), { maxSize }), { code: 'ERR_STATE_FULL' });
      assert.equal(await data(a, 'bound', 'k499'), 'x'.repeat(1000));
    },
  },
  {
    name: 'what is computed is written only while nothing else has been',
    async run(a, b) {
      let count = 0;
      const begin = async (ttl = 60_000): Promise<string> => {
        const owner = `${thisProcess()} ${++count}`;
        assert.equal(await a.begin('marked', 'k', owner, ttl), true);
        return owner;
      };
      const write = (computedBy: string): Promise<boolean> =>
        a.set('marked', 'k', text('computed'), { when: { computedBy } });
      const overtaken: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
        ['a newer value', () => b.set('marked', 'k', text('newer'), {})],
        ['an update', () => b.update('marked', 'k', () => ({ stored: text('updated'), terms: {} }))],
        ['the end of what was there', () => b.delete('marked', 'k')],
        ['the end of what was not there', () => b.delete('marked', 'k')],
        ['the end of everything', () => b.clear('marked')],
      ];
      for (const [what, happens] of overtaken) {
        const owner = await begin();
        await happens();
        assert.equal(await write(owner), false, what);
        await a.end('marked', 'k', owner);
      }
      const slow = await begin(1);
      await delay(5);
      const mark = await begin();
      assert.equal(await write(slow), false, 'another computation');
      await a.end('marked', 'k', slow);
      await b.set('marked', 'other', text('x'), {});
      await b.set('unmarked', 'k', text('x'), {});
      await b.clear('unmarked');
      assert.equal(await write(mark), true, 'what happens to others is no matter');
      assert.equal(await data(b, 'marked', 'k'), 'computed');
      assert.equal(await write(mark), false, 'a mark is good for once');
      await a.end('marked', 'k', mark);
      const late = await begin(1);
      await delay(5);
      assert.equal(await write(late), true, 'one that takes longer than its lease, and is not overtaken');
    },
  },
  {
    name: 'a computation has one owner, and whoever waits hears of its end',
    async run(a, b) {
      const owners = ['one', 'two'].map((nth) => `${thisProcess()} ${nth}`) as [string, string];
      const heard = new AbortController();
      const stop = b.onReleased(computationOf('computing', 'k'), () => heard.abort());
      while (!heard.signal.aborted) {
        assert.equal(await a.begin('computing', 'k', owners[0], 60_000), true);
        assert.equal(await a.begin('computing', 'k', owners[0], 60_000), true, 'the answer was lost');
        assert.equal(await b.begin('computing', 'k', owners[1], 60_000), false);
        assert.equal(await b.begin('computing', 'other', owners[1], 60_000), true);
        await b.end('computing', 'k', owners[1]);
        assert.equal(await b.begin('computing', 'k', owners[1], 60_000), false, 'only the owner ends it');
        await Promise.all([a.end('computing', 'k', owners[0]), b.end('computing', 'other', owners[1])]);
        await delay(10);
      }
      stop();
      const [machine, namespace] = thisProcess().split(' ');
      assert.equal(await a.begin('computing', 'k', `${machine} ${namespace} 4194304 1 x`, 60_000), true);
      assert.equal(await b.begin('computing', 'k', owners[1], 60_000), true, 'the first owner is dead');
      await b.end('computing', 'k', owners[1]);
    },
  },
  {
    name: 'a number is added to where there is one, if so asked',
    async run(a, b) {
      assert.equal((await a.add('numbers', 'none', -1, { ttl: 1000, when: 'present' })).value, 0);
      assert.equal(await b.get('numbers', 'none'), undefined);
      await a.add('numbers', 'one', 3);
      assert.equal((await b.add('numbers', 'one', -1, { ttl: 1000, when: 'present' })).value, 2);
    },
  },
  {
    name: 'names that look like another area’s keys are none',
    async run(a, b) {
      await a.set('t1', 'x}:secret', text('of t1'), {});
      assert.equal(await b.get('t1}:x', 'secret'), undefined);
      await a.set('{t1', 'k', text('of {t1'), {});
      await b.set('t1}:x', 'k', text('stays'), {});
      await a.clear('t1');
      assert.equal(await data(a, 't1}:x', 'k'), 'stays');
      assert.equal(await data(a, '{t1', 'k'), 'of {t1');
      for (const area of ['t1}:x', '{t1']) await a.clear(area);
    },
  },
  {
    name: 'a lease has one holder, a token that grows, and ends',
    async run(a, b) {
      const name = 'lease';
      const owners = ['one', 'two', 'three'].map((nth) => `${thisProcess()} ${nth}`);
      const [owner, next, last] = owners as [string, string, string];
      const first = await a.acquire(name, owner, 10_000);
      assert.ok('token' in first);
      assert.deepEqual(await b.acquire(name, 'other', 10_000), { heldBy: owner });
      assert.deepEqual(await a.acquire(name, owner, 10_000), first, 'the answer was lost, and the owner asks again');
      assert.equal(await b.renew({ name, owner, token: first.token + 1 }, 1000), false);
      assert.equal(await b.renew({ name, owner: 'other', token: first.token }, 1000), false);
      const heard = new AbortController();
      b.onReleased('lease', () => heard.abort());
      await a.release(name, owner);
      // A subscription takes a moment to reach a server, and messages from before are not heard.
      while (!heard.signal.aborted) {
        const lease = await a.acquire('lease', owner, 10_000);
        assert.ok('token' in lease);
        await a.release('lease', owner);
        await delay(10);
      }
      const second = await b.acquire(name, next, 50);
      assert.ok('token' in second && second.token > first.token);
      assert.equal(await b.renew({ name, owner: next, token: second.token }, 60), true);
      await delay(80);
      const third = await a.acquire(name, last, 10_000);
      assert.ok('token' in third && third.token > second.token);
      assert.equal(await b.renew({ name, owner: next, token: second.token }, 1000), false);
      await b.release(name, next);
      assert.deepEqual(await b.acquire(name, 'other', 10_000), { heldBy: last });
    },
  },
  {
    name: 'an addition with an id is done once, whoever repeats it',
    async run(a, b) {
      assert.equal((await a.add('ids', 'key', 5, { id: 'one' })).value, 5);
      assert.equal((await b.add('ids', 'key', 2)).value, 7);
      assert.equal((await b.add('ids', 'key', 5, { id: 'one' })).value, 5, 'the answer of the first time');
      assert.equal((await a.add('ids', 'key', 5, { id: 'two' })).value, 12);
      const again = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? a : b).add('ids', 'key', 1, { id: 'x' })),
      );
      assert.deepEqual(new Set(again.map(({ value }) => value)), new Set([13]));
      assert.equal(await data(a, 'ids', 'key'), 13);
    },
  },
  {
    name: 'an id names an addition to one number',
    async run(a, b) {
      assert.equal((await a.add('ids', 'orders', 1, { id: 'order 7' })).value, 1);
      assert.equal((await b.add('ids', 'revenue', 1999, { id: 'order 7' })).value, 1999);
      assert.equal((await a.add('ids', 'revenue', 1999, { id: 'order 7' })).value, 1999);
      assert.equal((await a.add('ids', 'a","b', 1, { id: 'c' })).value, 1);
      assert.equal((await a.add('ids', 'a', 2, { id: 'b","c' })).value, 2);
    },
  },
  {
    name: 'a lease whose process is dead is free',
    async run(a, b) {
      const [machine, namespace] = thisProcess().split(' ');
      await a.acquire('dead', `${machine} ${namespace} 4194304 1 x`, 60_000);
      assert.ok('token' in (await b.acquire('dead', thisProcess(), 1000)));
    },
  },
  {
    name: 'all who listen hear all messages, in one order',
    async run(a, b) {
      const heard: string[][] = [[], []];
      const ends = await Promise.all(
        [a, b].map((engine, i) =>
          engine.subscribe('talk', (body, sender) => heard[i]!.push(`${sender}:${String(Buffer.from(body))}`)),
        ),
      );
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? a : b).publish('talk', Buffer.from(`${i}`), 's')),
      );
      while (heard.some(({ length }) => length < 100)) await delay(5);
      assert.deepEqual(heard[0], heard[1]);
      assert.equal(new Set(heard[0]).size, 100);
      for (const end of ends) end();
      await a.publish('talk', Buffer.from('late'), 's');
      await delay(50);
      assert.equal(heard[1]!.length, 100);
    },
  },
  {
    name: 'who leaves a channel and listens anew at once hears what is sent from then on',
    async run(a, b) {
      const heard: string[] = [];
      const leave = await a.subscribe('talk', () => {});
      leave();
      await a.subscribe('talk', (body) => heard.push(String(Buffer.from(body))));
      await b.publish('talk', Buffer.from('one'), 's');
      // The server has answered to the leaving by then, too.
      await delay(50);
      await b.publish('talk', Buffer.from('two'), 's');
      for (const end = performance.now() + 5000; heard.length < 2 && performance.now() < end;) await delay(5);
      assert.deepEqual(heard, ['one', 'two']);
    },
  },
  {
    name: 'after it is closed it says so',
    async run(a) {
      await a.close();
      await a.close();
      await assert.rejects(async () => a.get('area', 'key'), { code: 'ERR_STATE_CLOSED' });
      await assert.rejects(a.add('area', 'key', 1), { code: 'ERR_STATE_CLOSED' });
    },
  },
];

const maxSize = 64 * 1024 * 1024;
const subjects: readonly Subject[] = [
  {
    name: 'memory',
    skip: noSqlite,
    async open() {
      const a = await EmbeddedEngine.open({ directory: undefined, maxSize });
      return { a, b: a, close: () => a.close() };
    },
  },
  {
    name: 'embedded',
    skip: noSqlite,
    async open() {
      const parent = mkdtempSync(join(tmpdir(), 'prefork-test-'));
      const options = { directory: join(parent, 'state'), maxSize };
      const [a, b] = await Promise.all([EmbeddedEngine.open(options), EmbeddedEngine.open(options)]);
      const close = async (): Promise<void> => {
        await Promise.all([a.close(), b.close()]);
        rmSync(parent, { recursive: true });
      };
      return { a, b, close };
    },
  },
  {
    name: 'redis',
    skip: noRedis,
    async open() {
      const redis = await Redis.start();
      const options = { url: redis.url, prefix: 'test:', timeout: 2000, connect: 'eager' } as const;
      const [a, b] = [await RedisEngine.open(options), await RedisEngine.open(options)];
      const close = async (): Promise<void> => {
        await Promise.all([a.close(), b.close()]);
        await redis[Symbol.asyncDispose]();
      };
      return { a, b, close };
    },
  },
];

for (const { name, skip, open } of subjects) {
  describe(name, { skip }, () => {
    let opened: Awaited<ReturnType<Subject['open']>>;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());
    for (const one of cases) test(one.name, () => one.run(opened.a, opened.b));
  });
}
