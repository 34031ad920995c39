import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transfersFrom } from '../../../src/balance/levelling.ts';
import { afterGiving, COOL, handicapOf, judgeOverload, type Look } from '../../../src/balance/overload.ts';

/** Where a look is a beat: hot in so many, it gives, and then it rests for as many. */
const [PATIENCE, REST] = [4, 4];

/** What is given in each of so many looks. */
function lookOften(times: number, look: (nth: number) => Look): number[] {
  let overload = COOL;
  return Array.from({ length: times }, (_, nth) => {
    const judged = judgeOverload(overload, look(nth));
    overload = judged.overload;
    return judged.give;
  });
}

const hot: Look = { own: 0.95, others: [0.3, 0.4], connections: 64, beats: 1 };
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

test('a worker that stays hotter than the others gives a few, and rests', () => {
  const given = lookOften(2 * (PATIENCE + REST), () => hot);
  assert.deepEqual(given.slice(0, PATIENCE), [0, 0, 0, 4]);
  assert.equal(sum(given), 8);
});

for (const [beats, gives] of [
  [1, [4, 12, 20]],
  [2, [5, 15, 25]],
  [3, [4, 13, 22]],
  [4, [5, 17, 29]],
  [8, [9, 25, 41]],
] as const) {
  test(`where a look comes every ${beats} beats, it is hot for a second at least, and rests for one: not for so many looks`, () => {
    const given = lookOften(40, () => ({ ...hot, beats }));
    // The first look shows the beat before it.
    const at = given.flatMap((give, nth) => (give > 0 ? [1 + nth * beats] : []));
    assert.deepEqual(at.slice(0, gives.length), gives);
  });
}

test('a cooler worker makes up for one that it has given in two seconds, however often it looks', () => {
  for (const beats of [1, 2, 4, 8]) {
    let overload = afterGiving(afterGiving(COOL, 1, 1), 1, 1);
    const cooler: Look = { own: 0.2, others: [0.3], connections: 4, beats };
    for (let beat = 0; beat < 16; beat += beats) ({ overload } = judgeOverload(overload, cooler));
    assert.equal(handicapOf(overload), 2);
  }
});

test('of few connections one goes', () =>
  assert.equal(sum(lookOften(PATIENCE, () => ({ ...hot, connections: 2 }))), 1));

const cool: ReadonlyArray<readonly [string, (nth: number) => Look]> = [
  ['a moment of much work', (nth) => (nth % 3 === 0 ? { ...hot, own: 0.2 } : hot)],
  ['all are as busy', () => ({ ...hot, others: [0.9, 0.95] })],
  ['the others are idle, and it has little to do', () => ({ ...hot, own: 0.5, others: [0, 0] })],
  ['a single connection', () => ({ ...hot, connections: 1 })],
  ['nobody else', () => ({ ...hot, others: [] })],
];
for (const [what, look] of cool) {
  test(`nothing is given: ${what}`, () => assert.equal(sum(lookOften(40, look)), 0));
}

test('hysteresis: what counts as hot already goes on to with less', () => {
  const looks = (nth: number): Look => (nth === 0 ? hot : { ...hot, own: 0.7, others: [0.5] });
  assert.equal(sum(lookOften(PATIENCE, looks)), 4);
  assert.equal(sum(lookOften(PATIENCE, () => ({ ...hot, own: 0.7, others: [0.5] }))), 0);
});

test('what was given is not given back, whatever it was, until the worker is the cooler one for long enough', () => {
  for (const workers of [2, 3, 4, 8]) {
    let overload = COOL;
    const loads = Array.from({ length: workers }, () => 16);
    for (let given = 1; given <= 12; given++) {
      overload = afterGiving(overload, 1, workers - 1);
      loads[0]!--;
      loads[1 + ((given - 1) % (workers - 1))]!++;
      const slots = loads.map((load, slot) => ({
        slot,
        load: slot === 0 ? load + handicapOf(overload) : load,
        isFresh: true,
      }));
      for (let own = 1; own < workers; own++) {
        const back = transfersFrom(own, slots).filter(({ to }) => to === 0);
        assert.deepEqual(back, [], `${workers} workers, ${given} given`);
      }
    }
    const before = handicapOf(overload);
    const cooler: Look = { own: 0.2, others: loads.slice(1).map(() => 0.3), connections: 4, beats: 1 };
    for (let nth = 0; nth < 8; nth++) ({ overload } = judgeOverload(overload, cooler));
    assert.equal(handicapOf(overload), before - 1);
    for (let nth = 0; nth < 8 * before; nth++) ({ overload } = judgeOverload(overload, cooler));
    assert.equal(handicapOf(overload), 0);
  }
});

test('what came back, or nobody took, does not count', () => {
  let overload = afterGiving(afterGiving(COOL, 1, 3), -1, 3);
  for (let nth = 0; nth < 100; nth++) ({ overload } = judgeOverload(overload, hot));
  assert.equal(handicapOf(overload), 0);
});
