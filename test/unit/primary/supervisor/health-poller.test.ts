import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fleet, Worker } from '../../../../src/primary/fleet/fleet.ts';
import { HealthPoller, type HealthPollerParts } from '../../../../src/primary/supervisor/polling/health-poller.ts';
import type { Row } from '../../../../src/scoreboard/layout.ts';
import { BLANK } from '../../../../src/scoreboard/record.ts';

const worker = { id: 1, slot: 0, pid: 9, generation: 1, state: 'serving', heldUntil: 0 } as unknown as Worker;
const fleet = { generation: 1, startedAt: 0, slots: [], workers: new Map([[1, worker]]) } as unknown as Fleet;

/**
 * Returns the events of looks, each of which finds another row.
 *
 * @param options `period`: the time between two looks, `busy`: the CPU time of the primary in it, ms; `slot`: what
 *   the rows say; `seen`: gets the rows of which figures are kept
 */
function looks(
  rows: ReadonlyArray<number | 'torn' | 'never'>,
  { period = 250, busy = 0, slot = 0, seen = [] as Row[] } = {},
): string[] {
  const events: string[] = [];
  let now = 1000;
  let cpuTime = 500;
  let row: Row | undefined;
  const poller = new HealthPoller({
    settings: () => ({ heartbeatTimeout: 2000, maxRequests: 0, maxMemory: 0, maxLifetime: 0, logLevel: 'info' }),
    os: { now: () => now, after: () => () => {}, cpuTime: () => cpuTime },
    log: () => {},
    restoreBoard: () => void events.push('restored'),
    descriptors: { look: () => {} },
    listeners: { unblock: () => {} },
    row: () => row,
    figures: { look: (_at: number, _startedAt: number, some: readonly Row[]) => void seen.push(...some) },
    slow: { look: () => {} },
    post: ({ type }: { readonly type: string }) => void events.push(type),
  } as unknown as HealthPollerParts);
  for (const heartbeat of rows) {
    now += period;
    cpuTime += busy;
    row = typeof heartbeat === 'number' ? { ...BLANK, pid: 9, slot, state: 'ready', heartbeat } : undefined;
    poller.look(fleet);
  }
  return events.filter((type) => type !== 'restored');
}

test('a worker whose row is torn or cleared for good hangs, as one that no longer writes it', () => {
  const silent = looks([1250, ...Array.from({ length: 9 }, () => 'torn' as const)]);
  assert.ok(silent.includes('hung') && silent.includes('silent'), silent.join());
  assert.deepEqual(silent, looks(Array.from({ length: 10 }, () => 1250)));
});

test('so does one with a beat that is yet to come', () => {
  assert.ok(looks([1250, ...Array.from({ length: 9 }, () => 1e300)]).includes('silent'));
});

test('of a worker that has never had a row nothing is known', () => {
  assert.deepEqual(looks(Array.from({ length: 20 }, () => 'never' as const)), []);
});

test('looks that come late, as the primary is kept busy, find a worker that hangs; one that was stopped has seen nothing', () => {
  const silent = Array.from({ length: 6 }, () => 1250);
  assert.deepEqual(looks(silent, { period: 1000, busy: 600 }).slice(0, 2), ['hung', 'hung']);
  assert.ok(looks(silent, { period: 1000, busy: 600 }).includes('silent'));
  assert.deepEqual(looks(silent, { period: 1000, busy: 10 }), []);
});

test('figures are kept of the fleet’s slots, whatever a row says', () => {
  const seen: Row[] = [];
  looks([1250, 1500], { slot: 1000, seen });
  assert.deepEqual(
    seen.map(({ slot }) => slot),
    [0, 0],
  );
});
