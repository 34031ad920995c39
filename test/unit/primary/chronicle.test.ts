import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PreforkError } from '../../../src/errors.ts';
import { Chronicle } from '../../../src/primary/chronicle.ts';

const scaled = (workers: number) => ({ name: 'scale', message: { workers, before: 1 } }) as const;

test('the last hundred things are kept', () => {
  const chronicle = new Chronicle();
  for (let workers = 1; workers <= 150; workers++) chronicle.add(scaled(workers), workers);
  assert.equal(chronicle.recent.length, 100);
  assert.deepEqual(chronicle.recent.at(-1), {
    at: '1970-01-01T00:00:00.150Z',
    name: 'scale',
    fields: { workers: 150, before: 1 },
  });
});

test('what is told is plain: no more digits than needed, an error as its message, nothing that is not known', () => {
  const chronicle = new Chronicle();
  const names = { pid: 4711, slot: undefined, generation: 1 };
  chronicle.add({ name: 'worker:ready', message: { ...names, took: 12.345 } }, 0);
  chronicle.add({ name: 'stopped', message: { error: new PreforkError('ERR_OVER_RECOVERY', 'too often') } }, 0);
  chronicle.add({ name: 'stopped', message: { error: undefined } }, 0);
  assert.deepEqual(
    chronicle.recent.map(({ fields }) => fields),
    [{ pid: 4711, generation: 1, took: 12 }, { error: 'too often' }, {}],
  );
});

test('those who listen hear it, until they do not any more', () => {
  const chronicle = new Chronicle();
  const heard: unknown[] = [];
  const end = chronicle.listen(({ fields }) => heard.push(fields['workers']));
  chronicle.add(scaled(2), 0);
  end();
  chronicle.add(scaled(3), 0);
  assert.deepEqual(heard, [2]);
});
