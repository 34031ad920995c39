import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Succession } from '../../../src/primary/succession.ts';
import type { Legacy } from '../../../src/upgrade/legacy.ts';

/** It fails the test if anything is left, and tells of failures. */
function setUp(sharing: 'shared' | 'round-robin'): {
  succession: Succession;
  failures: string[];
  legacy: () => Legacy;
} {
  const failures: string[] = [];
  const failed = (reason: string): void => void failures.push(reason);
  const succession = new Succession({ sharing, env: {}, within: 1000, events: { ready: () => assert.fail(), failed } });
  return { succession, failures, legacy: () => assert.fail('a next primary was about to be started') };
}

test('what is abandoned before it has begun is not started', async () => {
  const { succession, failures, legacy } = setUp('shared');
  const begun = succession.begin(legacy);
  succession.abandon();
  await begun;
  assert.deepEqual(failures, []);
});

test('why there cannot be a next primary is told', async () => {
  const { succession, failures, legacy } = setUp('round-robin');
  await succession.begin(legacy);
  assert.match(failures.join(), /cannot be passed on/);
});
