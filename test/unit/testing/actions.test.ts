import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionAt, Actions } from '../../../src/testing/app/actions.ts';

const actions = [
  { name: 'reload', from: 1000, to: 2000 },
  { name: 'scale 4', from: 3000, to: 3500 },
  { name: 'reload', from: 5000, to: undefined },
];
const cases: ReadonlyArray<readonly [at: number, expected: string]> = [
  [999, 'before anything was done'],
  [1000, 'during reload no. 1'],
  [2000, 'during reload no. 1'],
  [2300, '0.3 s after reload no. 1'],
  [3600, '0.1 s after scale 4'],
  [9000, 'during reload no. 2'],
];
for (const [at, expected] of cases) {
  test(`at ${at}: ${expected}`, () => assert.equal(actionAt(actions, at), expected));
}

test('what goes on has no end, and gets one whatever comes of it', async () => {
  const all = new Actions();
  const failing = all.during('reload', () => Promise.reject(new Error('no')));
  assert.equal(all.all[0]!.to, undefined);
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(typeof all.all[0]!.to, 'number');
});

test('what throws before it has begun was never done', () => {
  const all = new Actions();
  const fail = (): never => {
    throw new Error('gone');
  };
  assert.throws(() => all.during('reload', fail), /gone/);
  assert.deepEqual(all.all, []);
});
