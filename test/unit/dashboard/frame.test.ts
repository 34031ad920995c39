import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SlotStatus, Status, WorkerStatus } from '../../../src/control/controls.ts';
import { partsOf, statusFrom, type Parts } from '../../../src/dashboard/frame.ts';
import { fakeStatus, fakeVitals, fakeWorker } from '../../support/fake-controls.ts';

const vitals = fakeVitals({
  beat: 120,
  connectionsOpen: 31,
  connectionsAccepted: 1234,
  handoffsReceived: 3,
  handoffsSent: 2,
  requestsStarted: 1_234_567,
  requestsFinished: 1_234_560,
  utilization: 0.354,
  delay: 1.25,
  delayP50: 0.4,
  delayP99: 12.125,
  movedDrain: 2,
  movedIn: 1,
  rss: 128_974_848,
  heapUsed: 34_567_890,
});

function worker(slot: number | null, changes: Partial<WorkerStatus> = {}): WorkerStatus {
  return fakeWorker({ slot, pid: 4711 + (slot ?? 90), vitals, ...changes });
}

function slot(index: number, changes: Partial<SlotStatus> = {}): SlotStatus {
  const rest = { state: 'serving', successor: null, crashes: 0, lastExit: null } as const;
  return { slot: index, worker: worker(index), ...rest, ...changes };
}

/** Returns what arrives. */
function sent(status: Status): Parts {
  return JSON.parse(JSON.stringify(partsOf(status, 1000, { p50: 1, p99: null }))) as Parts;
}

const exit = { pid: 4700, generation: 1, reason: 'signal', text: 'killed by SIGKILL', at: '2026-01-01T00:00:00.000Z' };

const statuses: ReadonlyArray<readonly [what: string, status: Status]> = [
  ['before the first beat', fakeStatus({ slots: [slot(0, { worker: worker(0, { vitals: null, pid: null }) })] })],
  [
    'a slot without a worker',
    fakeStatus({ slots: [slot(0, { state: 'waiting', worker: null, crashes: 3, lastExit: exit })] }),
  ],
  [
    'in a reload',
    fakeStatus({
      operation: 'reload',
      slots: [slot(0, { successor: worker(0, { pid: 5000, generation: 2, state: 'booting', vitals: null }) }), slot(1)],
      leaving: [worker(1, { pid: 4000, state: 'draining' })],
    }),
  ],
  ['with spares', fakeStatus({ slots: [slot(0)], spares: [worker(null, { state: 'standby' })] })],
];
for (const [what, status] of statuses) {
  test(`what is sent is the status again: ${what}`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(statusFrom(sent(status)))), JSON.parse(JSON.stringify(status)));
  });
}

test('what is sent of 32 workers each second is small', () => {
  const slots = Array.from({ length: 32 }, (_, index) => slot(index));
  const { figures } = sent(fakeStatus({ slots }));
  assert.equal(figures.workers.length, 32);
  assert.ok(JSON.stringify(figures).length < 32 * 150, `${JSON.stringify(figures).length} bytes`);
});
