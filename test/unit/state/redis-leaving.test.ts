/** Servers that a cluster does not name, while something is asked of them: they have left it, or have no slots yet. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { openState, type State } from '../../../src/state.ts';
import { bulk, FakeRedis } from '../../support/fake-redis.ts';

const skip = process.platform === 'linux' ? false : 'other addresses of the loopback';
const OTHER = '127.0.0.2';
/** Within this time the client has read an answer. If it has not, the test does not look at what it should, and passes. */
const READ_MS = 50;

const isAt = (socket: Socket, host: string): boolean => socket.localAddress!.endsWith(host);

test(
  'keys are listed at a server that gets its first slot, while the cluster is asked who has what',
  { skip },
  async () => {
    let state!: State;
    let pages = 0;
    let wantsLook = false;
    let answer = (): void => {};
    await using redis = await FakeRedis.start(([name = '', first = ''], socket) => {
      const port = socket.localPort!;
      if (name === 'CLUSTER' && pages > 0) setTimeout(() => answer(), READ_MS);
      if (isAt(socket, OTHER)) {
        if (name !== 'SCAN' || ++pages > 1) return undefined;
        answer = () => socket.write(`*2\r\n${bulk('1')}*0\r\n`);
        wantsLook = true;
        void state.cache('d').delete('k');
        return '';
      }
      if (name === 'EXISTS') return `-ASK 1 ${OTHER}:${port}\r\n`;
      if (!wantsLook || !/^(EVAL|EVALSHA|GET|DEL|UNLINK)$/.test(name) || first.endsWith('{format}')) return undefined;
      wantsLook = false;
      return `-MOVED 1 127.0.0.1:${port}\r\n`;
    });
    state = await openState(redis.url.replace('redis', 'redis+cluster'), { connect: 'lazy' });
    try {
      assert.equal((await state.cache('c').size()).entries, 0);
      assert.equal(pages, 2);
      assert.ok(!wantsLook);
    } finally {
      await state.close();
    }
  },
);
