import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement, WatchTime } from '../../../../src/contract/canary.ts';
import type { FleetEvent } from '../../../../src/primary/fleet/events.ts';
import { SlowLooks } from '../../../../src/primary/supervisor/polling/slow-looks.ts';
import { Driver } from '../fleet/driver.ts';

const judgement: Judgement = { verdict: 'undecided', reasons: [], table: [] };

/** @param takes how long each look takes, ms. */
function looks(whyTight: () => string | undefined = () => undefined, takes = 0) {
  let clock = 0;
  const posted: FleetEvent[] = [];
  const begun: Array<[number, number]> = [];
  const times: WatchTime[] = [];
  const counts = { ended: 0, read: 0 };
  const slow = new SlowLooks({
    canary: {
      begin: (generation, at) => void begun.push([generation, at]),
      look: (_fleet, _at, time) => ((clock += takes), times.push(time), judgement),
      end: () => void counts.ended++,
    },
    whyTight: () => (counts.read++, whyTight()),
    post: (event) => void posted.push(event),
    now: () => clock,
  });
  return { slow, posted, begun, times, counts };
}

function watched(): Driver {
  const driver = new Driver({ workers: 2 });
  driver.serve();
  driver.at = 5000;
  driver.send({ type: 'operate', kind: 'reload', target: { canary: 1, watch: 60_000 } });
  driver.takeOver(3);
  return driver;
}

test('a canary is judged once a second, from the beginning of its watch on', () => {
  const { slow, posted, begun, times } = looks();
  const { fleet } = watched();
  for (const at of [5000, 5250, 5500, 6000, 7000]) slow.look(fleet, at);
  assert.deepEqual(begun, [[2, 5000]]);
  assert.deepEqual(
    times.map(({ elapsed, total }) => [elapsed, total]),
    [0, 1000, 2000].map((elapsed) => [elapsed, 60_000]),
  );
  assert.deepEqual(
    posted,
    [0, 1, 2].map(() => ({ type: 'judged', judgement })),
  );
});

test('looks that take long come less often: they take a tenth of the time at most', () => {
  const { slow, times } = looks(undefined, 150);
  const { fleet } = watched();
  for (let at = 5000; at < 20_000; at += 250) slow.look(fleet, at);
  assert.deepEqual(
    times.map(({ elapsed }) => elapsed),
    Array.from({ length: 10 }, (_, nth) => nth * 1500),
  );
});

test('its samples are let go of when the watch is over, once, and the next one begins anew', () => {
  const { slow, begun, counts } = looks();
  const driver = watched();
  slow.look(driver.fleet, 6000);
  driver.send({ type: 'operate', kind: 'rollback' });
  for (const at of [7000, 8000]) slow.look(driver.fleet, at);
  assert.equal(counts.ended, 1);
  driver.send({ type: 'serving', worker: 2 });
  driver.at = 9000;
  driver.send({ type: 'operate', kind: 'reload', target: { canary: 1 } });
  driver.takeOver(4);
  slow.look(driver.fleet, 9000);
  assert.deepEqual(begun, [
    [2, 5000],
    [3, 9000],
  ]);
});

test('memory is looked at only while workers are parked', () => {
  const { slow, posted, counts } = looks(() => 'tight');
  const driver = new Driver();
  driver.serve();
  slow.look(driver.fleet, 1000);
  assert.equal(counts.read, 0);
  slow.look(watched().fleet, 6000);
  assert.deepEqual(posted.at(-1), { type: 'memory-tight', why: 'tight' });
  for (const at of [6100, 6250, 6500, 6750, 7000]) slow.look(watched().fleet, at);
  assert.equal(counts.read, 5, 'four times a second');
});
