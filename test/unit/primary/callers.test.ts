import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../../src/control/controls.ts';
import { Callers } from '../../../src/primary/callers.ts';

const done: Outcome = { ok: true, generation: 2, workers: 1, took: 5 };

test('each caller gets the answer to its own request', async () => {
  const callers = new Callers();
  const requests: number[] = [];
  const answers = [1, 2].map(() => callers.wait((request) => requests.push(request)));
  callers.settle(requests[1]!, { ok: false, reason: 'second' });
  callers.settle(requests[0]!, done);
  assert.deepEqual(await Promise.all(answers), [done, { ok: false, reason: 'second' }]);
});

test('the answer may come at once', async () => {
  const callers = new Callers();
  assert.deepEqual(await callers.wait((request) => callers.settle(request, done)), done);
});

test('only the first answer counts, and one that nobody waits for is none', async () => {
  const callers = new Callers();
  callers.settle(99, done);
  const answer = callers.wait((request) => {
    callers.settle(request, done);
    callers.settle(request, { ok: false, reason: 'late' });
  });
  assert.deepEqual(await answer, done);
});

test('close answers whoever still waits', async () => {
  const callers = new Callers();
  const answers = [1, 2].map(() => callers.wait(() => {}));
  callers.close('gone');
  assert.deepEqual(await Promise.all(answers), [
    { ok: false, reason: 'gone' },
    { ok: false, reason: 'gone' },
  ]);
});
