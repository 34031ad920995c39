import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpgradeLauncher } from '../../../../src/primary/supervisor/upgrade-launcher.ts';

/** Makes a launcher. The test fails if anything is left, and the launcher tells of failures. */
function setUp(sharing: 'shared' | 'round-robin'): {
  launcher: UpgradeLauncher;
  failures: string[];
  told: boolean[];
} {
  const failures: string[] = [];
  const told: boolean[] = [];
  const failed = (reason: string): void => void failures.push(reason);
  const launcher = new UpgradeLauncher({
    sharing,
    env: {},
    longestBoots: () => 1000,
    isFromRoot: false,
    binder: undefined,
    handover: () => assert.fail('a next primary was about to be started'),
    shareSockets: (is) => void told.push(is),
    events: { ready: () => assert.fail(), failed, moved: () => assert.fail(), gone: () => assert.fail() },
  });
  return { launcher, failures, told };
}

test('what is abandoned before it has begun is not started', async () => {
  const { launcher, failures } = setUp('shared');
  const begun = launcher.begin();
  launcher.abandon();
  await begun;
  assert.deepEqual(failures, []);
});

test('why there cannot be a next primary is told', async () => {
  const { launcher, failures, told } = setUp('round-robin');
  await launcher.begin();
  assert.match(failures.join(), /cannot be passed on/);
  assert.deepEqual(told, [], 'no process had the sockets');
});
