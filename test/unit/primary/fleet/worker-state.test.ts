import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  nextWorkerState,
  workerTransitions,
  type WorkerEvent,
  type WorkerState,
} from '../../../../src/primary/fleet/worker-state.ts';

const events: readonly WorkerEvent[] = ['wait', 'take', 'promote', 'serve', 'park', 'unpark', 'drain', 'end'];
const states = Object.keys(workerTransitions) as WorkerState[];

/** All pairs that may happen. Every other pair is illegal. */
const legal: ReadonlyArray<readonly [WorkerState, WorkerEvent, WorkerState]> = [
  ['booting', 'wait', 'standby'],
  ['booting', 'take', 'taking'],
  ['booting', 'end', 'ending'],
  ['standby', 'promote', 'taking'],
  ['standby', 'end', 'ending'],
  ['taking', 'serve', 'serving'],
  ['taking', 'drain', 'draining'],
  ['serving', 'park', 'parked'],
  ['serving', 'drain', 'draining'],
  ['parked', 'unpark', 'serving'],
  ['parked', 'drain', 'draining'],
  ['draining', 'end', 'ending'],
];

for (const [state, event, next] of legal) {
  test(`${state}: ${event} makes it ${next}`, () => {
    assert.equal(nextWorkerState(state, event), next);
  });
}

test('everything else is illegal, and says what was tried', () => {
  for (const state of states) {
    for (const event of events) {
      if (legal.some(([from, by]) => from === state && by === event)) continue;
      assert.throws(() => nextWorkerState(state, event), {
        code: 'ERR_ILLEGAL_TRANSITION',
        message: `a worker that is ${state} cannot ${event}`,
      });
    }
  }
});

test('every state but the last leads to the end', () => {
  for (const state of states) {
    let at: WorkerState | undefined = state;
    for (let moves = 0; at !== 'ending' && at !== undefined && moves < states.length; moves++) {
      at = Object.values(workerTransitions[at]).at(-1);
    }
    assert.equal(at, 'ending', state);
  }
});
