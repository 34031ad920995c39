import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../../../src/contract/outcome.ts';
import { PendingRequests } from '../../../../src/primary/supervisor/pending-requests.ts';

const done: Outcome = { ok: true, generation: 2, workers: 1, took: 5 };

test('each caller gets the answer to its own request', async () => {
  const pending = new PendingRequests();
  const requests: number[] = [];
  const answers = [1, 2].map(() => pending.wait((request) => requests.push(request)));
  pending.answer(requests[1]!, { ok: false, reason: 'second' });
  pending.answer(requests[0]!, done);
  assert.deepEqual(await Promise.all(answers), [done, { ok: false, reason: 'second' }]);
});

test('the answer may come at once', async () => {
  const pending = new PendingRequests();
  assert.deepEqual(await pending.wait((request) => pending.answer(request, done)), done);
});

test('only the first answer counts, and one that nobody waits for is none', async () => {
  const pending = new PendingRequests();
  pending.answer(99, done);
  const answer = pending.wait((request) => {
    pending.answer(request, done);
    pending.answer(request, { ok: false, reason: 'late' });
  });
  assert.deepEqual(await answer, done);
});

test('close answers whoever still waits', async () => {
  const pending = new PendingRequests();
  const answers = [1, 2].map(() => pending.wait(() => {}));
  pending.close('gone');
  assert.deepEqual(await Promise.all(answers), [
    { ok: false, reason: 'gone' },
    { ok: false, reason: 'gone' },
  ]);
});
