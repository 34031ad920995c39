import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chooseReceiver,
  handoffBudget,
  KEEP,
  toleranceFor,
  WAIT,
  type Room,
} from '../../../src/balance/least-connections.ts';
import { chooseBalance, isLevelled } from '../../../src/balance/mode.ts';
import { skewOf } from '../../../src/balance/skew.ts';
import { clientHash, stickySlot } from '../../../src/balance/sticky-ip.ts';

const NOW = 10_000;

interface Known {
  readonly coming?: readonly number[];
  readonly beats?: readonly number[];
  readonly tolerance?: number;
  readonly room?: (slot: number) => Room;
}

/** Returns what slot 0 does with a connection, given the connections of each slot. */
function choose(open: readonly number[], known: Known = {}): number {
  const { coming = open.map(() => 0), beats = open.map(() => NOW), tolerance = 1, room = () => 'open' } = known;
  return chooseReceiver(0, open[0]!, { slots: open.length, open, coming, beats }, tolerance, NOW, room);
}

const cases: ReadonlyArray<readonly [what: string, open: number[], known: Known, expected: number]> = [
  ['alone', [9], {}, KEEP],
  ['all have as many', [3, 3, 3], {}, KEEP],
  ['another has one fewer', [3, 3, 2], {}, 2],
  ['below the mean it keeps, though another has fewer', [3, 9, 2], {}, KEEP],
  ['what is on its way counts', [3, 3, 2], { coming: [0, 0, 1] }, KEEP],
  ['of several, the next after it', [3, 2, 2], {}, 1],
  ['the fewest', [9, 3, 2], {}, 2],
  ['within the tolerance', [9, 3, 3], { tolerance: 7 }, KEEP],
  ['beyond it', [10, 3, 3], { tolerance: 7 }, 1],
  ['an empty slot is no worker', [3, 0, 3], { beats: [NOW, 0, NOW] }, KEEP],
  ['one that hangs is not chosen', [3, 0, 3], { beats: [NOW, NOW - 1000, NOW] }, KEEP],
  ['one that beat a moment ago is', [3, 0, 3], { beats: [NOW, NOW - 999, NOW] }, 1],
  ['one that refused is passed over', [5, 0, 3], { room: (slot) => (slot === 1 ? 'closed' : 'open') }, 2],
  ['one that is full is waited for', [5, 0, 3], { room: (slot) => (slot === 1 ? 'full' : 'open') }, WAIT],
];
for (const [what, open, known, expected] of cases) {
  test(`least-connections: ${what}`, () => assert.equal(choose(open, known), expected));
}

test('the tolerance is one where connections stay, and grows with the rate of accepts', () => {
  assert.equal(toleranceFor({ accepts: 200, ends: 0, load: 256, budget: 0 }), 1);
  assert.equal(toleranceFor({ accepts: 64, ends: 0, load: 0, budget: 1 }), 1);
  assert.ok(toleranceFor({ accepts: 8000, ends: 0, load: 32, budget: 1 }) > 10);
});

test('turnover widens the tolerance as far as there is nothing left to spend on handoffs', () => {
  const short = { accepts: 200, ends: 200, load: 32 };
  const tolerances = [1, 0.5, 0.25, 0].map((budget) => toleranceFor({ ...short, budget }));
  assert.deepEqual(tolerances.slice(0, 2), [1, 1]);
  assert.ok(tolerances[2]! > 10 && tolerances[3]! > tolerances[2]!, tolerances.join(' '));
});

test('in a rush of short connections nothing is spent', () => {
  const rush = { accepts: 4000, ends: 4000, load: 32, budget: 1 };
  assert.equal(toleranceFor(rush), toleranceFor({ ...rush, budget: 0 }));
});

test('a pool that comes back, and a health check each second, are no turnover that counts', () => {
  const { level } = budgetAfter(0);
  assert.equal(toleranceFor({ accepts: 16, ends: 16, load: 0, budget: level }), 1);
  assert.equal(toleranceFor({ accepts: 1, ends: 1, load: 0, budget: level }), 1);
});

test('the budget of handoffs is spent one by one, saved up again, and never more than full', () => {
  assert.equal(budgetAfter(0).level, 1);
  const spent = budgetAfter(64);
  assert.ok(spent.level < 0.1, `${spent.level}`);
  assert.equal(budgetAfter(1500).levelAfter(3200), 0.5, 'there are no debts');
  assert.equal(spent.levelAfter(60_000), 1);
});

/** Spends tokens all at once. */
function budgetAfter(handoffs: number): { level: number; levelAfter(ms: number): number } {
  const budget = handoffBudget();
  for (let nth = 0; nth < handoffs; nth++) budget.take(NOW);
  return { level: budget.level(NOW), levelAfter: (ms) => budget.level(NOW + ms) };
}

const same: ReadonlyArray<readonly [string, string]> = [
  ['10.0.0.1', '::ffff:10.0.0.1'],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:fffe'],
  ['2001:db8::1', '2001:db8:0:0:9::'],
  ['fe80::1%eth0', 'fe80::2'],
];
for (const [one, other] of same) {
  test(`${one} and ${other} are one client`, () => assert.equal(clientHash(one, 1), clientHash(other, 1)));
}

test('other networks are other clients', () => {
  const addresses = ['10.0.0.1', '10.0.0.2', '2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1::1', '::1'];
  assert.equal(new Set(addresses.map((address) => clientHash(address, 1))).size, addresses.length);
});

function slotsAlive(beats: readonly number[]): {
  slots: number;
  beats: readonly number[];
  open: number[];
  coming: number[];
} {
  return { slots: beats.length, beats, open: [], coming: [] };
}

const clients = Array.from({ length: 1000 }, (_, nth) => clientHash(`127.${nth >> 8}.${nth & 255}.7`, 1));

test('sticky-ip: whoever asks, a client has one slot, and slots have about equally many', () => {
  const counts = [0, 0, 0, 0];
  for (const client of clients) {
    const answers = new Set([0, 1, 2, 3].map((own) => stickySlot(client, own, slotsAlive([NOW, NOW, NOW, NOW]), NOW)));
    assert.equal(answers.size, 1);
    counts[[...answers][0]!]!++;
  }
  assert.ok(
    counts.every((count) => Math.abs(count - 250) <= 0.15 * 250),
    counts.join(' '),
  );
});

test('sticky-ip: what a client finds out of one server says nothing of another, as each has a seed of its own', () => {
  // All networks of a /56, of which those are chosen that come to slot 0 of 8 in the first server.
  const networks = Array.from({ length: 256 }, (_, nth) => `2001:db8:0:${nth.toString(16)}::1`);
  const slots = slotsAlive(Array.from({ length: 8 }, () => NOW));
  const slotIn = (seed: number) => (address: string) => stickySlot(clientHash(address, seed), 0, slots, NOW);
  const chosen = networks.filter((address) => slotIn(0)(address) === 0);
  assert.ok(chosen.length > 16, `${chosen.length}`);
  const most = [1, 2, 0x1234_5678, 0xffff_ffff, 1 << 31].map((seed) => {
    const homes = chosen.map(slotIn(seed));
    return Math.max(...homes.map((home) => homes.filter((other) => other === home).length));
  });
  for (const one of most) assert.ok(one <= chosen.length / 2, `${most.join(' ')} of ${chosen.length} are together`);
});

test('sticky-ip: when a slot goes its clients move and no others, and come back with it', () => {
  const all = slotsAlive([NOW, NOW, NOW, NOW]);
  const without = slotsAlive([NOW, NOW, 0, NOW]);
  for (const client of clients) {
    const before = stickySlot(client, 0, all, NOW);
    const after = stickySlot(client, 0, without, NOW);
    assert.ok(before === 2 ? after !== 2 : after === before);
  }
});

test('sticky-ip: a slot more takes its share of each, and nobody else moves', () => {
  const [four, five] = [4, 5].map((count) => slotsAlive(Array.from({ length: count }, () => NOW)));
  const moved = clients.filter((client) => {
    const [before, after] = [stickySlot(client, 0, four!, NOW), stickySlot(client, 0, five!, NOW)];
    assert.ok(after === before || after === 4);
    return after !== before;
  });
  assert.ok(moved.length > 150 && moved.length < 250, `${moved.length} of 1000`);
});

test('skew is the largest over the mean', () => {
  assert.equal(skewOf([2, 2, 2]), 1);
  assert.equal(skewOf([6, 0, 0]), 3);
  assert.equal(skewOf([]), 1);
  assert.equal(skewOf([0, 0]), 1);
});

const works = { sharing: 'reuseport', workers: 2, hasBoard: true, migrate: true } as const;

test('auto is kernel where connections cannot move, and what does not work is an error', () => {
  assert.equal(chooseBalance('auto', works), 'auto');
  assert.equal(chooseBalance('auto', { ...works, migrate: false }), 'kernel');
  assert.equal(chooseBalance('least-connections', { ...works, migrate: false }), 'least-connections');
  assert.equal(chooseBalance('least-connections', { ...works, sharing: 'shared' }), 'least-connections');
  for (const not of [{ sharing: 'round-robin' }, { workers: 129 }, { hasBoard: false }] as const) {
    assert.equal(chooseBalance('auto', { ...works, ...not }), 'kernel');
    assert.equal(chooseBalance('kernel', { ...works, ...not }), 'kernel');
    assert.throws(() => chooseBalance('sticky-ip', { ...works, ...not }), /^Error: --balance sticky-ip \w+ /);
  }
});

test('only what may move is levelled, and a client that has one worker keeps it', () => {
  const modes = ['auto', 'kernel', 'least-connections', 'sticky-ip'] as const;
  assert.deepEqual(
    modes.map((mode) => isLevelled(mode, true)),
    [true, false, true, false],
  );
  for (const mode of modes) assert.equal(isLevelled(mode, false), false);
});
