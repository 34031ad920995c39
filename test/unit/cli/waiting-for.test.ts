import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitingFor } from '../../../src/cli/waiting-for.ts';
import type { SlotStatus, Status, Vitals } from '../../../src/control/controls.ts';
import { fakeStatus, fakeWorker } from '../../support/fake-controls.ts';

const slot: SlotStatus = {
  slot: 3,
  state: 'serving',
  worker: fakeWorker(),
  successor: null,
  crashes: 0,
  lastExit: null,
};
const successor = fakeWorker({ pid: 99, slot: 3, state: 'booting' });
const draining = fakeWorker({ pid: 50, state: 'draining', vitals: { connectionsOpen: 7 } as Vitals });

const cases: ReadonlyArray<[what: string, status: Partial<Status>, line: string | undefined]> = [
  ['a successor', { slots: [slot, { ...slot, successor }] }, 'for the new worker of slot 3 (pid 99) to be ready'],
  ['a boot', { slots: [{ ...slot, worker: successor }] }, 'for the new worker of slot 3 (pid 99) to be ready'],
  ['those who leave', { leaving: [draining] }, 'for worker 50 (draining, 7 connections) to finish'],
  [
    'a stop',
    {
      phase: 'stopping',
      slots: [
        { ...slot, worker: draining },
        { ...slot, worker: { ...draining, pid: 51, vitals: null } },
      ],
    },
    'for worker 50 (draining, 7 connections), worker 51 (draining) to finish',
  ],
  ['another operation', { operation: 'recycle' }, 'for a recycle to end'],
  ['an upgrade', { operation: 'upgrade' }, 'for an upgrade to end'],
  ['nothing that shows', {}, undefined],
];
for (const [what, status, line] of cases) {
  test(`waits for ${what}`, () => assert.equal(waitingFor(fakeStatus(status)), line));
}
