import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import { Turns } from '../../../src/state/turns.ts';

const patient = { until: performance.now() + 600_000, late: () => new Error('late') };

/** Work that notes its beginning and its end. */
function noting(notes: string[], name: string, end = (): string => name): () => Promise<string> {
  return async () => {
    notes.push(`${name} begins`);
    await immediate();
    notes.push(`${name} ends`);
    return end();
  };
}

test('work of one name goes one after another, and each has its own result, also after one that fails', async () => {
  const turns = new Turns();
  const notes: string[] = [];
  const fail = (): string => {
    throw new Error('mine');
  };
  const all = [
    turns.take('k', patient, noting(notes, 'first')),
    turns.take('k', patient, noting(notes, 'second', fail)),
    turns.take('k', patient, noting(notes, 'third')),
  ];
  const [first, second, third] = await Promise.allSettled(all);
  assert.deepEqual(
    [first, third],
    [
      { status: 'fulfilled', value: 'first' },
      { status: 'fulfilled', value: 'third' },
    ],
  );
  assert.equal(second?.status, 'rejected');
  assert.deepEqual(
    notes,
    ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  assert.equal(await turns.take('k', patient, noting(notes, 'fourth')), 'fourth');
});

test('work of another name waits for nothing', async () => {
  const turns = new Turns();
  const notes: string[] = [];
  await Promise.all([turns.take('k', patient, noting(notes, 'one')), turns.take('l', patient, noting(notes, 'other'))]);
  assert.deepEqual(notes.slice(0, 2), ['one begins', 'other begins']);
});

test('one whose time is over leaves the queue at once, and the others keep their places', async () => {
  const turns = new Turns();
  const notes: string[] = [];
  let end = (): void => {};
  const first = turns.take('k', patient, () => new Promise<void>((resolve) => (end = resolve)));
  const late = turns.take('k', { ...patient, until: 0 }, noting(notes, 'late'));
  const third = turns.take('k', patient, noting(notes, 'third'));
  await assert.rejects(late, { message: 'late' });
  end();
  await Promise.all([first, third]);
  assert.deepEqual(notes, ['third begins', 'third ends']);
});
