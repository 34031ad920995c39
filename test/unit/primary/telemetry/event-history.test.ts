import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PreforkError } from '../../../../src/errors.ts';
import { EventHistory } from '../../../../src/primary/telemetry/event-history.ts';

const scaled = (workers: number) => ({ name: 'scale', message: { workers, before: 1 } }) as const;

test('the last hundred things are kept', () => {
  const history = new EventHistory();
  for (let workers = 1; workers <= 150; workers++) history.add(scaled(workers), workers);
  assert.equal(history.recent.length, 100);
  assert.deepEqual(history.recent.at(-1), {
    at: '1970-01-01T00:00:00.150Z',
    name: 'scale',
    fields: { workers: 150, before: 1 },
  });
});

test('what is told is plain: no more digits than needed, an error as its message, nothing that is not known', () => {
  const history = new EventHistory();
  const names = { pid: 4711, slot: undefined, generation: 1 };
  history.add({ name: 'worker:ready', message: { ...names, took: 12.345 } }, 0);
  history.add({ name: 'stopped', message: { error: new PreforkError('ERR_OVER_RECOVERY', 'too often') } }, 0);
  history.add({ name: 'stopped', message: { error: undefined } }, 0);
  assert.deepEqual(
    history.recent.map(({ fields }) => fields),
    [{ pid: 4711, generation: 1, took: 12 }, { error: 'too often' }, {}],
  );
});

test('those who listen hear it, until they do not any more', () => {
  const history = new EventHistory();
  const heard: unknown[] = [];
  const end = history.listen(({ fields }) => heard.push(fields['workers']));
  history.add(scaled(2), 0);
  end();
  history.add(scaled(3), 0);
  assert.deepEqual(heard, [2]);
});
