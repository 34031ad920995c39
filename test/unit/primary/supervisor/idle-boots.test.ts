import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fleet, Worker } from '../../../../src/primary/fleet/fleet.ts';
import { IdleBoots } from '../../../../src/primary/supervisor/idle-boots.ts';
import { notedLog } from '../../../support/noted-log.ts';

type State = 'booting' | 'standby' | 'ready' | 'draining';

/** What is logged of a worker that is looked at so often, four times a second. */
function logged(looks: ReadonlyArray<{ state?: State; elu?: number; age?: number; generation?: number }>): unknown[] {
  const lines: unknown[] = [];
  const boots = new IdleBoots(notedLog((level, text, fields) => lines.push([level, text, fields['slot']])));
  for (const [nth, { state = 'booting', elu = 0.01, age = 0, generation = 1 }] of looks.entries()) {
    const now = (nth + 1) * 250;
    const worker = { id: 1, slot: 3, generation, pid: 9, state: 'booting' } as unknown as Worker;
    const fleet = { generation, workers: new Map([[1, worker]]) } as unknown as Fleet;
    boots.look(fleet, () => ({ state, elu, heartbeat: now - age }), now);
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
  for (const other of [{ elu: 0.5 }, { state: 'standby' as const }, { age: 600 }]) {
    assert.deepEqual(logged(Array.from({ length: 20 }, () => other)), []);
    assert.deepEqual(logged([idle, idle, idle, other, idle, idle, idle]), []);
  }
});

test('a worker without a row is not judged', () => {
  const worker = { id: 1, state: 'booting' } as unknown as Worker;
  const fleet = { generation: 1, workers: new Map([[1, worker]]) } as unknown as Fleet;
  const boots = new IdleBoots(() => assert.fail('nothing is known'));
  for (let nth = 0; nth < 20; nth++) boots.look(fleet, () => undefined, nth * 250);
});
