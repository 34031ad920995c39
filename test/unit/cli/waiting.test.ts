import assert from 'node:assert/strict';
import { test } from 'node:test';
import { talkMeanwhile, waitingFor } from '../../../src/cli/waiting.ts';
import type { Vitals } from '../../../src/contract/vitals.ts';
import type { SlotStatus, Status } from '../../../src/control/controls.ts';
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

/** Talks until the statuses are used up. An Error stands for a status that cannot be read. */
async function talk(statuses: ReadonlyArray<Status | Error>): Promise<string[]> {
  const said: string[] = [];
  const left = [...statuses];
  let hush!: () => void;
  await new Promise<void>((resolve) => {
    const read = async (): Promise<Status> => {
      const status = left.shift();
      if (status === undefined) {
        resolve();
        throw new Error('there are no more');
      }
      if (status instanceof Error) throw status;
      return status;
    };
    hush = talkMeanwhile(read, (line) => said.push(line), 1);
  });
  hush();
  return said;
}

test('each thing is said once, and again only after another one', async () => {
  const [reload, upgrade] = [fakeStatus({ operation: 'reload' }), fakeStatus({ operation: 'upgrade' })];
  const said = await talk([reload, reload, new Error('stuck'), fakeStatus(), reload, upgrade, upgrade, reload]);
  const [one, other] = ['waiting for a reload to end', 'waiting for an upgrade to end'];
  assert.deepEqual(said, [one, other, one]);
});

test('what comes when it is over is not said', async () => {
  let answer!: (status: Status) => void;
  const said: string[] = [];
  await new Promise<void>((asked) => {
    const read = (): Promise<Status> => {
      hush();
      asked();
      return new Promise((resolve) => (answer = resolve));
    };
    const hush = talkMeanwhile(read, (line) => said.push(line), 1);
  });
  answer(fakeStatus({ operation: 'reload' }));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, []);
});

test('a status without the fields of one says nothing, and breaks nothing', async () => {
  const said: string[] = [];
  const hush = talkMeanwhile(
    async () => ({ version: 1 }) as Status,
    (line) => said.push(line),
    1,
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  hush();
  assert.deepEqual(said, []);
});
