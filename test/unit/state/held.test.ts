/** What a holder sees whose event loop stood still for longer than its lease. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openState } from '../../../src/state.ts';
import { noSqlite } from '../../support/platform.ts';

function standStill(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('signal.aborted looks at the clock, before any timer has run', { skip: noSqlite }, async () => {
  await using state = await openState();
  await state.lock(
    'l',
    (signal) => {
      assert.equal(signal.aborted, false);
      assert.equal(signal.reason, undefined);
      signal.throwIfAborted();
      let heard = 0;
      signal.addEventListener('abort', () => heard++);
      standStill(130);
      assert.equal(signal.aborted, true);
      assert.equal(heard, 1);
      assert.match(String(signal.reason), /its time is over/);
      assert.throws(() => signal.throwIfAborted(), /its time is over/);
      assert.equal(AbortSignal.any([signal]).aborted, true, 'it is a true signal');
    },
    { ttl: 100 },
  );
});

test('reason and throwIfAborted look at the clock too', { skip: noSqlite }, async () => {
  await using state = await openState();
  for (const look of [
    (signal: AbortSignal) => assert.match(String(signal.reason), /its time is over/),
    (signal: AbortSignal) => assert.throws(() => signal.throwIfAborted(), /its time is over/),
  ]) {
    await state.lock('l', (signal) => (standStill(130), look(signal)), { ttl: 100 });
  }
});
