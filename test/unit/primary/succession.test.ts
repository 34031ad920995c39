import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Succession } from '../../../src/primary/succession.ts';

/** It fails the test if anything is left, and tells of failures. */
function setUp(sharing: 'shared' | 'round-robin'): {
  succession: Succession;
  failures: string[];
} {
  const failures: string[] = [];
  const failed = (reason: string): void => void failures.push(reason);
  const succession = new Succession({
    sharing,
    env: {},
    readyTimeout: 1000,
    binder: undefined,
    legacy: () => assert.fail('a next primary was about to be started'),
    events: { ready: () => assert.fail(), failed },
  });
  return { succession, failures };
}

test('what is abandoned before it has begun is not started', async () => {
  const { succession, failures } = setUp('shared');
  const begun = succession.begin();
  succession.abandon();
  await begun;
  assert.deepEqual(failures, []);
});

test('why there cannot be a next primary is told', async () => {
  const { succession, failures } = setUp('round-robin');
  await succession.begin();
  assert.match(failures.join(), /cannot be passed on/);
});
