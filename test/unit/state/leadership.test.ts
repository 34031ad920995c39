import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt, Engine } from '../../../src/state/engine.ts';
import { Leadership } from '../../../src/state/leadership.ts';

test('who waits to lead listens once to its own stop, however often it looks', async (t) => {
  const { mock } = t.mock.method(EventTarget.prototype, 'addEventListener');
  const look = t.mock.fn();
  const leadership = waiting(look);
  t.after(() => leadership.stop());
  while (look.mock.callCount() < 4) await delay(10);
  const calls = mock.calls.filter(({ arguments: [type] }) => type === 'abort');
  assert.ok(calls.length >= 3, 'it has waited three times');
  for (const call of calls) assert.ok(getEventListeners(call.this as EventTarget, 'abort').length <= 1);
});

test('what is stopped while it looks does not wait for the next look', async (t) => {
  const { mock } = t.mock.method(globalThis, 'setTimeout');
  await waiting(() => {}).stop();
  assert.equal(mock.callCount(), 0);
});

/** Makes a leadership whose lease another process holds and does not release. */
function waiting(onLook: () => void): Leadership {
  const acquire = (): Promise<Attempt> => {
    onLook();
    return Promise.resolve({ heldBy: 'another' });
  };
  const engine = { acquire, onReleased: () => () => {} } satisfies Partial<Engine> as unknown as Engine;
  return new Leadership(engine, 'job', 10_000, () => {});
}
