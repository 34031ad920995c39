/**
 * Tests the two tables that a connection follows: what they allow, and that everything else throws and changes nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransitionTable } from '../../../../src/http/protocol/transition-table.ts';
import * as transitions from '../../../../src/http/protocol/transitions.ts';

const { requestSide, responseSide } = transitions;

/**
 * Every legal pair: state, event, state after it. The list is written anew, so that a slip in the table does not pass.
 */
const legal: ReadonlyArray<readonly [TransitionTable, string]> = [
  [
    requestSide,
    `IDLE BYTES HEAD, IDLE HEAD BODY, IDLE EOF ENDED, IDLE STOP DISCARDING, IDLE CLOSE CLOSED,
     HEAD BYTES HEAD, HEAD HEAD BODY, HEAD EOF ENDED, HEAD STOP DISCARDING, HEAD CLOSE CLOSED,
     BODY FULL FULL, BODY END DONE, BODY EOF ENDED, BODY STOP DISCARDING, BODY CLOSE CLOSED,
     FULL TAKEN BODY, FULL EOF ENDED, FULL STOP DISCARDING, FULL CLOSE CLOSED,
     DONE NEXT IDLE, DONE EOF ENDED, DONE STOP DISCARDING, DONE CLOSE CLOSED,
     ENDED STOP DISCARDING, ENDED CLOSE CLOSED, DISCARDING CLOSE CLOSED`,
  ],
  [
    responseSide,
    `OPEN SET OPEN, OPEN TRAILER OPEN, OPEN BEGIN STREAMING, OPEN ANSWER ANSWERED, OPEN SEND SENDING, OPEN HIJACK TAKEN,
     OPEN ABANDON ABANDONED, STREAMING TRAILER STREAMING, STREAMING WRITE STREAMING, STREAMING FINISH ANSWERED,
     STREAMING ABANDON ABANDONED, SENDING FINISH ANSWERED, SENDING ABANDON ABANDONED,
     ABANDONED SET ABANDONED, ABANDONED TRAILER ABANDONED, ABANDONED BEGIN ABANDONED, ABANDONED WRITE ABANDONED,
     ABANDONED ANSWER ABANDONED, ABANDONED SEND ABANDONED, ABANDONED FINISH ABANDONED, ABANDONED ABANDON ABANDONED`,
  ],
];

for (const [table, list] of legal) {
  const after = new Map(
    list.split(',').map((entry) => {
      const [state, event, next] = entry.trim().split(' ');
      return [`${state} ${event}`, next];
    }),
  );
  for (const [state, stateName] of table.states.entries()) {
    for (const [event, eventName] of table.events.entries()) {
      const next = after.get(`${stateName} ${eventName}`);
      test(`${stateName} on ${eventName}: ${next ?? 'throws'}`, () => {
        assert.equal(table.allows(state, event), next !== undefined);
        if (next === undefined)
          assert.throws(() => table.next(state, event), new RegExp(`no ${eventName} while ${stateName}`));
        else assert.equal(table.states[table.next(state, event)], next);
      });
    }
  }
}

test('the integers are those of the names', () => {
  const numbers = transitions as unknown as Record<string, number>;
  for (const table of [requestSide, responseSide]) {
    for (const [state, name] of table.states.entries()) assert.equal(numbers[name], state, name);
    for (const [event, name] of table.events.entries()) assert.equal(numbers[`ON_${name}`], event, name);
  }
});

test('every state can be reached from the first, and every state but the last ones can be left', () => {
  for (const table of [requestSide, responseSide]) {
    const reached = new Set([0]);
    for (const state of reached) {
      for (const event of table.events.keys()) if (table.allows(state, event)) reached.add(table.next(state, event));
    }
    assert.equal(reached.size, table.states.length);
  }
});
