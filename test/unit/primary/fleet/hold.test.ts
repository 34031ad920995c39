import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Driver, find, logged, pidOf } from './driver.ts';

const hold = (pid: number, within: number, holder = 'a') =>
  ({ type: 'hold', pid, within, closesInspector: true, holder, request: 7 }) as const;

test('a worker is held, again and again, and released', () => {
  const driver = new Driver();
  driver.serve();
  driver.at = 1000;
  const effects = driver.send(hold(pidOf(1), 10_000));
  const outcome = { ok: true, generation: 1, workers: 2, took: 0 };
  assert.deepEqual(find(effects, 'answer'), [{ do: 'answer', request: 7, outcome }]);
  assert.deepEqual(logged(effects), ['worker held']);
  assert.deepEqual(find(effects, 'hold'), [{ do: 'hold', worker: 1, within: 10_000, closesInspector: true }]);
  assert.equal(driver.fleet.workers.get(1)!.heldUntil, 11_000);
  driver.at = 5000;
  assert.deepEqual(logged(driver.send(hold(pidOf(1), 10_000))), [], 'once is enough');
  assert.equal(driver.fleet.workers.get(1)!.heldUntil, 15_000);
  assert.deepEqual(logged(driver.send(hold(pidOf(1), 0))), ['worker released']);
  assert.equal(driver.fleet.workers.get(1)!.heldUntil, 5000, 'its silence counts from now on');
  assert.deepEqual(logged(driver.send(hold(pidOf(1), 0))), [], 'and so is one release');
  assert.equal(driver.fleet.workers.get(2)!.heldUntil, 0);
});

test('of several tools the last one decides when a worker is released', () => {
  const driver = new Driver();
  driver.serve();
  driver.at = 1000;
  driver.send(hold(pidOf(1), 10_000, 'a'));
  driver.at = 2000;
  assert.deepEqual(logged(driver.send(hold(pidOf(1), 10_000, 'b'))), []);
  const effects = driver.send(hold(pidOf(1), 0, 'b'));
  assert.deepEqual(find(effects, 'hold'), [{ do: 'hold', worker: 1, within: 9000, closesInspector: true }]);
  assert.deepEqual(logged(effects), []);
  assert.equal(driver.fleet.workers.get(1)!.heldUntil, 11_000);
  driver.send(hold(pidOf(1), 20_000, 'c'));
  driver.at = 15_000;
  assert.deepEqual(logged(driver.send(hold(pidOf(1), 0, 'c'))), ['worker released'], 'the other was killed');
  assert.equal(driver.fleet.workers.get(1)!.heldUntil, 15_000);
});

test('a worker has a bounded number of holds', () => {
  const driver = new Driver();
  driver.serve();
  const outcomes = Array.from(
    { length: 65 },
    (_, nth) => find(driver.send(hold(pidOf(1), 1000, `${nth}`)), 'answer')[0],
  );
  assert.deepEqual(outcomes.filter((one) => !one!.outcome.ok).length, 1);
});

test('what is no worker, or is being killed, cannot be held', () => {
  const driver = new Driver();
  driver.serve();
  driver.send({ type: 'silent', worker: 1, silent: 30_000 });
  for (const [pid, reason] of [
    [pidOf(1), /is being killed/],
    [1, /no worker with pid 1$/],
  ] as const) {
    const [settled] = find(driver.send(hold(pid, 1000)), 'answer');
    assert.ok(settled !== undefined && !settled.outcome.ok);
    assert.match(settled.outcome.reason, reason);
  }
});
