import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedTrace } from './recorded.ts';
import { scalers } from './scalers.ts';
import { simulate } from './simulation.ts';

function line(second: number, utilizations: readonly (number | null)[], cpu: number | null = null): string {
  const workers = utilizations.map((utilization) => ({ vitals: utilization === null ? null : { utilization } }));
  return JSON.stringify({ version: 1, at: new Date(second * 1000).toISOString(), cpu, workers });
}

test('a record becomes a load over time, and says how much of it needs a core', () => {
  const trace = recordedTrace([line(0, [0.5, 0.25], 0.375), line(10, [1, 1, null], 1), ''], 4);
  assert.equal(trace.seconds, 10);
  assert.deepEqual([0, 9.9, 10, 3].map(trace.load), [0.1875, 0.1875, 0.5, 0.1875]);
  assert.equal(trace.cpuShare, 0.5);
});

test('the simulation replays a record', () => {
  const lines = Array.from({ length: 1200 }, (_, second) => line(second, second < 600 ? [0.1, 0.1] : [0.9, 0.9]));
  const { changes, slow } = simulate(recordedTrace(lines, 4), scalers['prefork']!, 4, 1);
  assert.ok(changes > 0 && slow < 0.1, `${changes} changes an hour, ${slow} behind a queue`);
});

test('a record of one moment is no load', () => {
  assert.throws(() => recordedTrace([line(0, [0.5])], 4), /expected at least two lines/);
});
