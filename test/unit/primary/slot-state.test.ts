import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSlotState, slotTransitions, type SlotEvent, type SlotState } from '../../../src/primary/slot-state.ts';

const events: SlotEvent[] = ['fork', 'ready', 'exit', 'stop', 'end'];

test('every transition that is not in the table throws', () => {
  for (const state of Object.keys(slotTransitions) as SlotState[]) {
    const legal = slotTransitions[state];
    for (const event of events) {
      if (event in legal) assert.equal(nextSlotState(state, event), legal[event]);
      else assert.throws(() => nextSlotState(state, event), { code: 'ERR_ILLEGAL_TRANSITION' }, `${state} ${event}`);
    }
  }
});

test('every state leads to stopped', () => {
  for (const state of Object.keys(slotTransitions) as SlotState[]) {
    let last = 'stop' in slotTransitions[state] ? nextSlotState(state, 'stop') : state;
    while ('exit' in slotTransitions[last]) last = nextSlotState(last, 'exit');
    assert.equal(last, 'stopped', state);
  }
});
