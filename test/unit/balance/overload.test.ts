import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COOL, handicapOf, judgeOverload, type Look } from '../../../src/balance/overload.ts';

/** Lists how many connections are let go of in each look. */
function lookOften(times: number, look: (nth: number) => Look): number[] {
  let overload = COOL;
  return Array.from({ length: times }, (_, nth) => {
    const judged = judgeOverload(overload, look(nth));
    overload = judged.overload;
    return judged.letGo;
  });
}

const hot: Look = { own: 0.95, others: [0.3, 0.4], connections: 64, kept: 0 };
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

test('who stays hotter than the others lets go of a few, and rests', () => {
  const letGo = lookOften(32, () => hot);
  assert.deepEqual(letGo.slice(0, 8), [0, 0, 0, 0, 0, 0, 0, 4]);
  assert.equal(sum(letGo), 8);
});

test('of few connections one goes', () => assert.equal(sum(lookOften(8, () => ({ ...hot, connections: 2 }))), 1));

const cool: ReadonlyArray<readonly [string, (nth: number) => Look]> = [
  ['a moment of much work', (nth) => (nth % 7 === 0 ? { ...hot, own: 0.2 } : hot)],
  ['all are as busy', () => ({ ...hot, others: [0.9, 0.95] })],
  ['the others are idle, and it has little to do', () => ({ ...hot, own: 0.5, others: [0, 0] })],
  ['a single connection', () => ({ ...hot, connections: 1 })],
  ['nobody else', () => ({ ...hot, others: [] })],
];
for (const [what, look] of cool) {
  test(`nothing is let go of: ${what}`, () => assert.equal(sum(lookOften(40, look)), 0));
}

test('hysteresis: what counts as hot already goes on to with less', () => {
  const looks = (nth: number): Look => (nth === 0 ? hot : { ...hot, own: 0.7, others: [0.5] });
  assert.equal(sum(lookOften(8, looks)), 4);
  assert.equal(sum(lookOften(8, () => ({ ...hot, own: 0.7, others: [0.5] }))), 0);
});

test('what was let go of counts on, one more than it was, until the worker is the cooler one for long enough', () => {
  let overload = COOL;
  const look = (times: number, what: Look): number => {
    for (let nth = 0; nth < times; nth++) ({ overload } = judgeOverload(overload, what));
    return handicapOf(overload);
  };
  assert.equal(look(7, hot), 0);
  assert.equal(look(1, hot), 5);
  const even = { ...hot, own: 0.4, others: [0.35, 0.35] };
  assert.equal(look(100, even), 5);
  const cooler = { ...hot, own: 0.2 };
  assert.equal(look(8, cooler), 4);
  assert.equal(look(24, cooler), 0);
});

test('what has not gone by the end of the rest counts no more, however often that happens', () => {
  let overload = COOL;
  const look = (times: number, kept: number): number => {
    for (let nth = 0; nth < times; nth++) ({ overload } = judgeOverload(overload, { ...hot, kept }));
    return handicapOf(overload);
  };
  assert.equal(look(8, 0), 5);
  assert.equal(look(7, 3), 5, 'it may still go');
  assert.equal(look(1, 3), 2);
  for (let cycle = 0; cycle < 20; cycle++) look(16, 4);
  assert.equal(handicapOf(overload), 2);
});
