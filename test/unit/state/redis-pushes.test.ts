/** What a server says without being asked neither ends the process nor leads it to another host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openState } from '../../../src/state.ts';
import { bulk, FakeRedis } from '../../support/fake-redis.ts';
import { freePort } from '../../support/platform.ts';

const TIMEOUT_MS = 1500;

/** The notice of maintenance. The client's library, where it listens to it, connects to the endpoint with the password. */
function moving(endpoint: string): string {
  return `>4\r\n${bulk('MOVING')}:1\r\n:0\r\n${endpoint}`;
}

const pushes: ReadonlyArray<readonly [what: string, push: (other: FakeRedis) => Promise<string>]> = [
  ['MOVING to another host', async (other) => moving(bulk(`127.0.0.1:${other.port}`))],
  ['MOVING to a closed port', async () => moving(bulk(`127.0.0.1:${await freePort()}`))],
  ['MOVING to no host', async () => moving(bulk('%%%'))],
  ['MOVING to nowhere', async () => moving('_\r\n')],
  ['MIGRATING', async () => `>3\r\n${bulk('MIGRATING')}:1\r\n:5\r\n`],
  ['SMIGRATED of nothing', async () => `>1\r\n${bulk('SMIGRATED')}`],
  ['nothing', async () => '>0\r\n'],
  ['a message of no channel', async () => `>1\r\n${bulk('message')}`],
];

for (const kind of ['redis', 'redis+sentinel', 'redis+cluster']) {
  for (const [what, push] of pushes) {
    test(`${kind}: a server that pushes ${what}`, { timeout: 30_000 }, async () => {
      await using other = await FakeRedis.start();
      const pushed = await push(other);
      // The push comes when the connection is new, and when it is in use: to a sentinel, a guide of the cluster, a member and a listener.
      await using redis = await FakeRedis.start(([name], socket) => {
        if (/^(SENTINEL|CLUSTER|TIME|SUBSCRIBE)$/i.test(name!)) socket.write(pushed);
        if (name === 'GET') setTimeout(() => socket.destroyed || socket.write(pushed), 10);
        return undefined;
      });
      const at = `user:hunter2@127.0.0.1:${redis.port}`;
      const state = await openState(`${kind}://${at}${kind.endsWith('sentinel') ? '/name/0' : ''}`, {
        timeout: TIMEOUT_MS,
        connect: 'lazy',
      });
      try {
        const channel = state.channel('chat');
        channel.addEventListener('message', () => {});
        for (let call = 0; call < 10; call++) {
          await state
            .cache('c')
            .get('k')
            .catch((error: { code?: string }) => assert.equal(error.code, 'ERR_STATE_UNAVAILABLE'));
          await delay(20);
        }
        assert.deepEqual(other.commands, [], 'the other host is asked nothing, and told no password');
      } finally {
        await state.close();
      }
    });
  }
}
