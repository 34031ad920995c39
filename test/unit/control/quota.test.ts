import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quota } from '../../../src/control/quota.ts';

test('while there is room nobody has to go', () => {
  const quota = new Quota<string>(2);
  assert.equal(quota.admit('a', '192.0.2.1'), undefined);
  assert.equal(quota.admit('b', '192.0.2.2'), undefined);
  quota.release('a');
  quota.release('a');
  assert.equal(quota.admit('c', '192.0.2.3'), undefined);
  assert.equal(quota.size, 2);
});

test('the oldest that has said nothing goes first, then who asks, then who is answered; who is trusted stays', () => {
  const quota = new Quota<string>(5);
  const names = ['trusted', 'answered', 'asking', 'old', 'young'];
  for (const [nth, name] of names.entries()) quota.admit(name, `192.0.2.${nth}`);
  for (const stage of ['trusted', 'answered', 'asking'] as const) quota.advance(stage, stage);
  const losers = Array.from({ length: 5 }, (_, nth) => {
    const name = `new ${nth}`;
    const loser = quota.admit(name, '198.51.100.1');
    quota.advance(name, 'trusted');
    return loser;
  });
  assert.deepEqual(losers, ['old', 'young', 'asking', 'answered', 'new 4']);
  assert.equal(quota.size, 5);
  quota.advance('new 4', 'asking');
  assert.equal(quota.size, 5, 'one that was turned away has no place');
});

test('the client that has the most makes room, and one with few keeps them', () => {
  const quota = new Quota<string>(4);
  quota.admit('few', '192.0.2.9');
  for (const name of ['a', 'b', 'c']) quota.admit(name, '192.0.2.1');
  assert.equal(quota.admit('d', '192.0.2.1'), 'a');
  assert.equal(quota.admit('e', '::ffff:192.0.2.1'), 'b', 'the same, as a socket for both families has it');
  assert.equal(quota.admit('new', '192.0.2.7'), 'c');
  quota.advance('d', 'trusted');
  quota.advance('e', 'trusted');
  assert.equal(quota.admit('f', '192.0.2.1'), 'few', 'where all of the first are trusted, the next');
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
];
for (const [one, other, isOne] of pairs) {
  test(`${one} and ${other} are ${isOne ? 'one client' : 'two clients'}`, () => {
    const quota = new Quota<string>(4);
    quota.admit('one', one);
    quota.admit('other', other);
    for (const name of ['third', 'fourth']) quota.admit(name, '192.0.2.1');
    assert.equal(quota.admit('new', '192.0.2.2'), isOne ? 'one' : 'third');
  });
}
