/**
 * Compares the published schema with what the code makes. test/process/seeing/status-schema.test.ts compares it with
 * running servers.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReloadStatus, Status } from '../../../../src/control/controls.ts';
import { count, object, optional, text, words, type Schema } from '../../../../src/control/status/schema.ts';
import { statusSchema } from '../../../../src/control/status/status-schema.ts';
import { fakeStatus, fakeWorker } from '../../../support/fake-controls.ts';
import { assertStatus, faultsOf, fits, schema } from '../../../support/status-schema.ts';

const asSent = (status: Status): Record<string, unknown> =>
  JSON.parse(JSON.stringify(status)) as Record<string, unknown>;

test('the file that is published is the one of the code', () => assert.deepEqual(schema, statusSchema));

const last: ReloadStatus = { generation: 2, outcome: 'failed', reason: 'no database', at: '2026-01-01T00:00:00.000Z' };
const exit = { pid: null, generation: 1, reason: 'error', text: 'spawn EAGAIN', at: '2026-01-01T00:00:00.000Z' };
const good: Readonly<Record<string, Status>> = {
  'one that serves': fakeStatus(),
  'one that reloads': fakeStatus({ operation: 'reload', spares: [fakeWorker({ slot: null, state: 'standby' })] }),
  'one whose reload failed': fakeStatus({ reloads: { done: 0, failed: 1, rolledBack: 0, last } }),
  'a slot that waits': fakeStatus({
    slots: [{ slot: 0, state: 'waiting', worker: null, successor: null, crashes: 3, lastExit: exit }],
  }),
};
for (const [what, status] of Object.entries(good)) test(`${what} fits`, () => assertStatus(asSent(status)));

const bad: ReadonlyArray<readonly [string, object, RegExp]> = [
  ['a version that is another', { version: 2 }, /\/version must be equal to constant/],
  ['a word that is not said', { phase: 'sleeping' }, /\/phase must be equal to one of the allowed values/],
  ['a field of the wrong type', { pid: '1' }, /\/pid must be integer/],
  ['a field that is missing', { name: undefined }, /must have required property 'name'/],
  ['a time that is none', { startedAt: 'today' }, /\/startedAt must match format/],
  ['a worker without its state', { spares: [{ ...fakeWorker(), state: undefined }] }, /\/spares\/0 must have required/],
  ['a count below 0', { uptime: -1 }, /\/uptime must be >= 0/],
];
describe('what does not fit', () => {
  for (const [what, changes, fault] of bad) {
    test(what, () => {
      const status = asSent({ ...fakeStatus(), ...changes });
      assert.match(faultsOf(status).join('\n'), fault);
      assert.equal(fits(status), false);
    });
  }
});

test('a field more is what a newer server may say, and no field of ours', () => {
  const status = { ...asSent(fakeStatus()), mood: 'good' };
  assert.equal(fits(status), true);
  assert.match(faultsOf(status).join('\n'), /additional properties.*mood/);
  const deeper = { ...asSent(fakeStatus()), spares: [{ ...fakeWorker(), mood: 'good' }] };
  assert.match(faultsOf(deeper).join('\n'), /\/spares\/0 .*mood/);
});

interface Sample {
  readonly a: number;
  readonly b: 'x' | 'y';
  readonly c: string | undefined;
}

// The compiler is the test: it would complain about a directive whose next line has no error.
test('a schema that is not of its type does not compile', () => {
  const [a, b, c] = [count(''), words('', { x: '', y: '' }), optional(text(''))];
  const whole: Schema<Sample> = object<Sample>('', { a, b, c });
  // @ts-expect-error `c` is missing
  object<Sample>('', { a, b });
  // @ts-expect-error `d` is too many
  object<Sample>('', { a, b, c, d: a });
  // @ts-expect-error a word is missing
  object<Sample>('', { a, b: words('', { x: '' }), c });
  // @ts-expect-error a word is too many
  object<Sample>('', { a, b: words('', { x: '', y: '', z: '' }), c });
  // @ts-expect-error `c` may be missing
  object<Sample>('', { a, b, c: text('') });
  assert.deepEqual(whole.json['required'], ['a', 'b']);
});
