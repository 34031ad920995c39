import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Settling } from '../../../src/ipc/settling.ts';

class Bench {
  readonly told: string[] = [];
  readonly blamed: string[] = [];
  canOpen = true;
  readonly settling = new Settling({
    tell: (type) => void this.told.push(type),
    blame: (what, isLast) => void this.blamed.push(`${what}${isLast ? '!' : ''}`),
    mostLooks: 3,
    canOpen: () => this.canOpen,
  });
}

const KEPT = 'descriptors of a kind that nobody can take';

test('a handle that comes after the first answer shows that the queue was empty', () => {
  const { settling, told, blamed } = new Bench();
  settling.look(false);
  settling.answered('settled', { hasHandle: false });
  assert.ok(settling.isOpen);
  settling.answered('proof', { hasHandle: true });
  assert.deepEqual([told, blamed, settling.isOpen], [['settle', 'prove', 'resume'], [], false]);
});

test('one that does not come, twice in a row, shows that nothing leaves the queue', () => {
  const { settling, told, blamed } = new Bench();
  settling.look(false);
  settling.answered('settled', { hasHandle: false });
  settling.answered('proof', { hasHandle: false });
  assert.deepEqual([told, blamed, settling.isOpen], [['settle', 'prove', 'resume'], [], true]);
  settling.look(false);
  settling.answered('settled', { hasHandle: false });
  settling.answered('proof', { hasHandle: false });
  assert.deepEqual([told.slice(3), blamed], [['settle', 'prove', 'settle'], [KEPT]]);
});

test('one that does not come where no descriptor is left shows nothing, and the next look asks again', () => {
  const bench = new Bench();
  const { settling, told, blamed } = bench;
  bench.canOpen = false;
  settling.look(false);
  settling.answered('settled', { hasHandle: false });
  settling.answered('proof', { hasHandle: false });
  assert.deepEqual([told, blamed, settling.isOpen], [['settle', 'prove', 'resume'], [], true]);
  bench.canOpen = true;
  for (let nth = 0; nth < 2; nth++) {
    settling.look(false);
    settling.answered('settled', { hasHandle: false });
    settling.answered('proof', { hasHandle: false });
  }
  assert.deepEqual(blamed, [KEPT]);
});

test('one whose kernel does not take the handle is asked again at each look, and blamed when that goes on', () => {
  const { settling, told, blamed } = new Bench();
  const round = (): void => {
    settling.look(false);
    settling.answered('settled', { hasHandle: false });
    settling.answered('proof', { hasHandle: false, isUnsent: true });
  };
  for (let nth = 0; nth < 4; nth++) round();
  assert.deepEqual([told.length, blamed, settling.isOpen], [12, [], true]);
  settling.look(true);
  assert.deepEqual(blamed, [], 'while it stands still it cannot say more');
  settling.look(false);
  assert.deepEqual(blamed, ['does not show for long that its descriptors come!']);
});

test('one that does not know the second question has answered with the first', () => {
  const told: string[] = [];
  const settling = new Settling({
    tell: (type) => told.push(type),
    blame: assert.fail,
    mostLooks: 3,
    canProve: () => false,
  });
  settling.look(false);
  settling.answered('settled', { hasHandle: false });
  assert.deepEqual([told, settling.isOpen], [['settle', 'resume'], false]);
});

test('the time of one that could not send a handle begins anew when one has come', () => {
  const { settling, blamed } = new Bench();
  for (let nth = 0; nth < 12; nth++) {
    settling.look(false);
    settling.answered('settled', { hasHandle: false });
    settling.answered('proof', { hasHandle: nth % 3 === 2, isUnsent: nth % 3 !== 2 });
  }
  assert.deepEqual([blamed, settling.isOpen], [[], false]);
});

test('answers in another order, or to no question, are none', () => {
  const { settling, told, blamed } = new Bench();
  settling.answered('settled', { hasHandle: false });
  settling.look(false);
  settling.answered('proof', { hasHandle: true });
  settling.answered('settled', { hasHandle: false });
  settling.answered('settled', { hasHandle: false });
  assert.deepEqual(blamed, Array(3).fill('answers what was not asked'));
  assert.deepEqual(told, ['settle', 'prove']);
});

test('an answer that is in doubt is asked for again at the next look, and what was in doubt before the question is not', () => {
  const { settling, told } = new Bench();
  settling.doubt();
  settling.look(false);
  settling.doubt();
  settling.answered('settled', { hasHandle: false });
  assert.deepEqual([told, settling.isOpen], [['settle', 'resume'], true]);
  settling.look(false);
  settling.answered('settled', { hasHandle: false });
  assert.deepEqual(told, ['settle', 'resume', 'settle', 'prove']);
});

test('one that leaves its answer in doubt at each look is blamed', () => {
  const { settling, told, blamed } = new Bench();
  for (let nth = 0; nth < 4; nth++) {
    settling.look(false);
    settling.doubt();
    settling.answered('settled', { hasHandle: false });
  }
  assert.deepEqual([told.length, blamed], [8, []]);
  settling.look(false);
  assert.deepEqual(blamed, ['does not show for long that its descriptors come!']);
});

test('each of the two answers may be missing at some looks', () => {
  const { settling, blamed } = new Bench();
  const look = (times: number): void => {
    for (let nth = 0; nth < times; nth++) settling.look(false);
  };
  look(4);
  settling.answered('settled', { hasHandle: false });
  look(3);
  settling.look(true);
  look(3);
  assert.deepEqual(blamed, []);
  look(1);
  assert.deepEqual(blamed, ['does not say that it sends no descriptor!']);
});

test('looks at which this process has no descriptor left do not count against the other one', () => {
  const bench = new Bench();
  const { settling, blamed } = bench;
  const inVain = (): void => {
    settling.look(false);
    settling.answered('settled', { hasHandle: false });
    settling.answered('proof', { hasHandle: false, isUnsent: true });
  };
  inVain();
  bench.canOpen = false;
  for (let look = 0; look < 10; look++) inVain();
  assert.deepEqual(blamed, []);
  bench.canOpen = true;
  for (let look = 0; look < 3; look++) inVain();
  assert.deepEqual(blamed, []);
  settling.look(false);
  assert.equal(blamed.length, 1);
});
