import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scalers } from './scalers.ts';
import { simulate, type Run } from './simulation.ts';
import { traces } from './traces.ts';

const CORES = 8;

function run(trace: keyof typeof traces, scaler: keyof typeof scalers): Run {
  return simulate(traces[trace]!, scalers[scaler]!, CORES, 7);
}

test('no flapping in a day, fewer worker-hours than a worker for each core, and nothing behind a queue', () => {
  const { flips, hours, slow } = run('day', 'prefork');
  assert.equal(flips, 0);
  assert.ok(hours < 0.7 * 24 * CORES, `${hours} worker-hours`);
  assert.ok(slow < 0.001, `${slow} of the requests`);
});

test('a steady load settles on a number, also when it is deployed again and again', () => {
  for (const trace of ['steady', 'deploys'] as const) {
    const { flips, changes } = run(trace, 'prefork');
    assert.equal(flips, 0, trace);
    assert.ok(changes <= 4, `${trace}: ${changes} changes an hour`);
  }
});

test('fewer requests behind a queue than by the rules of others, where the load has steps, bursts and spikes', () => {
  for (const trace of ['steps', 'bursts', 'rare spikes', 'blocking'] as const) {
    const { slow } = run(trace, 'prefork');
    for (const other of ['Watt 0.8 / 0.2', 'HPA 60 %', 'first rule'] as const) {
      const theirs = run(trace, other).slow;
      assert.ok(slow < theirs, `${trace}: ${slow}, and ${theirs} by ${other}`);
    }
  }
});

test('never more workers than cores for requests that compute, even where more are allowed', () => {
  assert.equal(run('overload', 'prefork').most, CORES);
});

test('a seed makes a run reproducible', () => {
  assert.deepEqual(run('steps', 'prefork'), run('steps', 'prefork'));
});
