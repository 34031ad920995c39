/** When the server as a whole is ready, and what its workers are told of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Effect } from '../../../../src/primary/fleet/events.ts';
import { whyNotReady } from '../../../../src/primary/fleet/server/terms.ts';
import { Driver, stop } from './driver.ts';

const told = (effects: readonly Effect[]): object[] =>
  effects.flatMap((effect) => (effect.do === 'inform' ? [{ ...effect, do: undefined }] : []));
const all = (workers: number[], terms: object): object[] =>
  workers.map((worker) => ({ do: undefined, worker, ...terms }));

test('a share of the workers has to serve', () => {
  const cases: ReadonlyArray<readonly [readyShare: number, lost: number, why: string | undefined]> = [
    [0, 3, undefined],
    [0, 4, 'no worker serves'],
    [25, 3, undefined],
    [50, 2, undefined],
    [50, 3, '1 of 4 workers serve'],
    [66.7, 1, undefined],
    [66.7, 2, '2 of 4 workers serve'],
    [100, 0, undefined],
    [100, 1, '3 of 4 workers serve'],
    [100, 4, 'no worker serves'],
  ];
  for (const [readyShare, lost, why] of cases) {
    const driver = new Driver({ workers: 4, readyShare });
    assert.equal(whyNotReady(driver.fleet, driver.settings), 'starting');
    driver.serve();
    for (let worker = 1; worker <= lost; worker++) driver.exit(worker);
    assert.equal(whyNotReady(driver.fleet, driver.settings), why, `${readyShare} % with ${lost} of 4 lost`);
  }
});

test('workers hear of a stop at the beginning of the delay, before all else, and new ones when they are forked', () => {
  const driver = new Driver({ drainDelay: 5000 });
  driver.serve();
  const effects = driver.send(stop);
  assert.deepEqual(told(effects), all([1, 2], { isStopping: true }));
  assert.equal(effects[0]!.do, 'inform');
  driver.exit(1);
  assert.deepEqual(told(driver.send({ type: 'forked', worker: 3, pid: 1003 })), all([3], { isStopping: true }));
  assert.deepEqual(told(driver.due({ timer: 'delay' })), []);
});

test('without a delay they hear it before they are told to drain', () => {
  const driver = new Driver();
  driver.serve();
  const order = driver.send(stop).map((effect) => effect.do);
  assert.ok(order.indexOf('inform') < order.indexOf('drain'), order.join(' '));
});

test('an upgrade is no stop for the workers that leave', () => {
  const driver = new Driver({ healthPath: '/healthz' });
  driver.serve();
  driver.send({ type: 'operate', kind: 'upgrade', target: { node: undefined } });
  assert.deepEqual(told(driver.send({ type: 'upgraded', pid: 1, generation: 2 })), []);
});

test('with a health path they hear of each change, and without one of none', () => {
  const driver = new Driver({ healthPath: '/healthz', readyShare: 100 });
  driver.send({ type: 'start' });
  const unready = (why: string): object => ({ isStopping: false, unready: why });
  assert.deepEqual(told(driver.send({ type: 'forked', worker: 1, pid: 1 })), all([1], unready('starting')));
  driver.boot(1);
  driver.serving(1);
  driver.takeOver(2);
  assert.equal(driver.fleet.phase, 'serving');
  assert.deepEqual(told(driver.exit(1)), all([2], unready('1 of 2 workers serve')));
  assert.deepEqual(told(driver.send({ type: 'forked', worker: 3, pid: 3 })), all([3], unready('1 of 2 workers serve')));
  assert.deepEqual(told(driver.serving(3)), all([2, 3], { isStopping: false }));
  const silent = new Driver({ readyShare: 100 });
  silent.serve();
  assert.deepEqual(told(silent.exit(1)), []);
});
