import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fleet, Worker } from '../../../../src/primary/fleet/fleet.ts';
import { IdleBoots } from '../../../../src/primary/supervisor/polling/idle-boots.ts';
import { notedLog } from '../../../support/noted-log.ts';

type State = 'booting' | 'standby' | 'ready' | 'draining';

/** Returns what is logged about a worker that is looked at so often, four times a second. */
function logged(
  looks: ReadonlyArray<{ state?: State; utilization?: number; age?: number; generation?: number }>,
): unknown[] {
  const lines: unknown[] = [];
  const boots = new IdleBoots(
    notedLog((level, text, fields) => lines.push([level, text, fields['slot']])),
    () => 'listen',
  );
  for (const [nth, { state = 'booting', utilization = 0.01, age = 0, generation = 1 }] of looks.entries()) {
    const now = (nth + 1) * 250;
    const worker = { id: 1, slot: 3, generation, pid: 9, state: 'booting' } as unknown as Worker;
    const fleet = { generation, workers: new Map([[1, worker]]) } as unknown as Fleet;
    boots.look(fleet, () => ({ state, utilization, heartbeat: now - age }), now);
  }
  return lines;
}

const idle = {};
const line = ['info', 'not ready yet', 3];

test('a worker that is idle for a second, and has opened nothing, is told what ready means, once a generation', () => {
  assert.deepEqual(logged([idle, idle, idle]), []);
  assert.deepEqual(logged([idle, idle, idle, idle]), [line]);
  assert.deepEqual(logged(Array.from({ length: 20 }, () => idle)), [line]);
  assert.deepEqual(logged(Array.from({ length: 20 }, (_, nth) => ({ generation: nth < 10 ? 1 : 2 }))), [line, line]);
});

test('not one that loads its code, that has asked for an address, or whose event loop does not turn', () => {
  for (const other of [{ utilization: 0.5 }, { state: 'standby' as const }, { age: 600 }]) {
    assert.deepEqual(logged(Array.from({ length: 20 }, () => other)), []);
    assert.deepEqual(logged([idle, idle, idle, other, idle, idle, idle]), []);
  }
});

test('a worker without a row is not judged', () => {
  const worker = { id: 1, state: 'booting' } as unknown as Worker;
  const fleet = { generation: 1, workers: new Map([[1, worker]]) } as unknown as Fleet;
  const boots = new IdleBoots(
    () => assert.fail('nothing is known'),
    () => 'listen',
  );
  for (let nth = 0; nth < 20; nth++) boots.look(fleet, () => undefined, nth * 250);
});

test('with --ready message it is told that, listening or not, until the application has said it', () => {
  const told = (state: Worker['state'], hasSaidReady: boolean): string[] => {
    const whys: string[] = [];
    const boots = new IdleBoots(
      notedLog((_level, _text, fields) => whys.push(String(fields['why']))),
      () => 'message',
    );
    const worker = { id: 1, slot: 0, generation: 1, state, hasSaidReady } as unknown as Worker;
    const fleet = { generation: 1, workers: new Map([[1, worker]]) } as unknown as Fleet;
    const row = state === 'booting' ? state : 'ready';
    for (let now = 250; now <= 2000; now += 250)
      boots.look(fleet, () => ({ state: row, utilization: 0.01, heartbeat: now }), now);
    return whys;
  };
  for (const state of ['booting', 'taking'] as const) {
    assert.deepEqual(told(state, true), []);
    assert.match(told(state, false).join('\n'), /^it runs, and has not called process\.send\('ready'\), [^\n]*$/);
  }
  assert.deepEqual(told('serving', false), []);
});
