import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quota, SAFE_MS } from '../../../src/control/quota.ts';

/** A quota that takes the first of equals, and a clock. */
class Bench {
  readonly quota: Quota<string>;
  now = 0;

  constructor(most: number, random: () => number = () => 0.999) {
    this.quota = new Quota(most, random);
  }

  admit(name: string, address: string): string | undefined {
    return this.quota.admit(name, address, this.now);
  }

  /** Lets so much time pass that no connection is new. */
  pass(): string[] {
    this.now += SAFE_MS;
    return this.quota.settle(this.now);
  }
}

test('while there is room nobody has to go', () => {
  const bench = new Bench(2);
  assert.equal(bench.admit('a', '192.0.2.1'), undefined);
  assert.equal(bench.admit('b', '192.0.2.2'), undefined);
  bench.quota.release('a');
  bench.quota.release('a');
  assert.equal(bench.admit('c', '192.0.2.3'), undefined);
  assert.equal(bench.quota.size, 2);
});

test('one that has not asked goes first, then one that is answered; those that are trusted stay', () => {
  const bench = new Bench(4);
  const { quota } = bench;
  for (const [nth, name] of ['trusted', 'answered', 'old', 'young'].entries()) bench.admit(name, `192.0.2.${nth}`);
  for (const stage of ['trusted', 'answered'] as const) quota.advance(stage, stage);
  bench.pass();
  const losers = Array.from({ length: 4 }, (_, nth) => {
    const name = `new ${nth}`;
    const loser = bench.admit(name, '198.51.100.1');
    quota.advance(name, 'trusted');
    return loser;
  });
  assert.deepEqual(losers, ['old', 'young', undefined, 'new 3']);
  assert.deepEqual(bench.pass(), ['answered'], 'none that came with it has to go first any more');
  assert.equal(quota.size, 4);
  quota.advance('new 3', 'answered');
  assert.equal(quota.size, 4, 'one that was turned away has no place');
});

test('the client that has the most makes room, and one with few keeps them', () => {
  const bench = new Bench(4);
  bench.admit('few', '192.0.2.9');
  for (const name of ['a', 'b', 'c']) bench.admit(name, '192.0.2.1');
  bench.pass();
  assert.equal(bench.admit('d', '192.0.2.1'), 'a');
  assert.equal(bench.admit('e', '::ffff:192.0.2.1'), 'b', 'the same, as a socket for both families has it');
  bench.pass();
  assert.equal(bench.admit('new', '192.0.2.7'), 'c');
  for (const name of ['d', 'e']) bench.quota.advance(name, 'trusted');
  assert.equal(bench.admit('f', '192.0.2.1'), 'few', 'where all of the first are trusted, the next');
});

test('connections that are trusted do not count for the client that has the most', () => {
  const bench = new Bench(4);
  for (const name of ['a', 'b', 'c']) bench.admit(name, '192.0.2.1');
  for (const name of ['a', 'b']) bench.quota.advance(name, 'trusted');
  bench.admit('other', '192.0.2.2');
  bench.pass();
  assert.equal(bench.admit('new', '192.0.2.2'), 'other', 'of the client that has two');
});

test('however many come at once, a new one is safe for a moment', () => {
  const bench = new Bench(4);
  const { quota } = bench;
  for (let nth = 0; nth < 4; nth++) bench.admit(`before ${nth}`, `192.0.2.${nth}`);
  bench.pass();
  const came = ['holder', ...Array.from({ length: 11 }, (_, nth) => `flood ${nth}`)];
  const losers = came.map((name, nth) => bench.admit(name, `198.51.100.${nth}`));
  assert.deepEqual(losers.slice(0, 4), ['before 0', 'before 1', 'before 2', 'before 3']);
  assert.deepEqual(new Set(losers.slice(4)), new Set([undefined]));
  assert.equal(quota.size, 12, 'for a moment');
  bench.now++;
  assert.deepEqual(quota.settle(bench.now), []);
  assert.equal(bench.admit('too many', '198.51.100.99'), 'holder', 'at last any of them');
  quota.advance('flood 0', 'trusted');
  bench.now += SAFE_MS - 1;
  assert.equal(quota.settle(bench.now).length, 8);
  assert.equal(quota.size, 4);
  assert.equal(quota.isOverfull, false);
  quota.release('flood 0');
  assert.equal(quota.size, 3, 'the one that was trusted had stayed');
});

for (const [what, addressOf] of [
  ['one address', () => '198.51.100.1'],
  ['many addresses', (nth: number) => `198.51.100.${nth}`],
] as const) {
  test(`those that are answered stay while a flood from ${what} is new`, () => {
    const bench = new Bench(32);
    for (let nth = 0; nth < 20; nth++) {
      bench.admit(`viewer ${nth}`, `192.0.2.${nth}`);
      bench.quota.advance(`viewer ${nth}`, 'answered');
    }
    bench.pass();
    const losers = Array.from({ length: 70 }, (_, nth) => bench.admit(`flood ${nth}`, addressOf(nth)));
    losers.push(...bench.pass());
    assert.deepEqual(
      losers.filter((loser) => loser?.startsWith('viewer')),
      [],
    );
    assert.equal(bench.quota.size, 32);
  });
}

test('of equals, each goes with the same chance', () => {
  const losers = Array.from({ length: 2000 }, () => {
    const bench = new Bench(4, Math.random);
    for (let nth = 0; nth < 4; nth++) bench.admit(`${nth}`, `192.0.2.${nth}`);
    bench.pass();
    return bench.admit('new', '192.0.2.9');
  });
  for (let nth = 0; nth < 4; nth++) {
    const share = losers.filter((loser) => loser === `${nth}`).length / losers.length;
    assert.ok(Math.abs(share - 0.25) < 0.06, `${nth}: ${share}`);
  }
});

/** Pairs of addresses, and whether they are one client. */
const pairs: ReadonlyArray<[string, string, boolean]> = [
  ['2001:db8::1', '2001:db8::2', true],
  ['2001:db8:0:1::1', '2001:db8:0:1:2:3:4:5', true],
  ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
  ['::1', '::2', true],
  ['fe80::1%eth0', 'fe80::2%eth0', true],
  ['2001:db8::5:6:7:8', '2001:db8:0:0:5::', true],
  ['2001::1:2:3:4:5', '2001:0:0:1::', true],
  ['127.0.0.1', '127.9.8.7', true],
  ['::ffff:127.0.0.1', '::1', true],
  ['128.0.0.1', '128.0.0.2', false],
];
for (const [one, other, isOne] of pairs) {
  test(`${one} and ${other} are ${isOne ? 'one client' : 'two clients'}`, () => {
    const bench = new Bench(4);
    bench.admit('one', one);
    bench.admit('other', other);
    for (const name of ['third', 'fourth']) bench.admit(name, '192.0.2.1');
    bench.pass();
    assert.equal(bench.admit('new', '192.0.2.2'), isOne ? 'one' : 'third');
  });
}
