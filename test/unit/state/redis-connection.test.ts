/** What is under way when a connection closes, as that of a master that has no slots any more. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { Address } from '../../../src/state/redis/address.ts';
import { Alone } from '../../../src/state/redis/alone.ts';
import { Away, type Client } from '../../../src/state/redis/connection.ts';
import { messageOf } from '../../../src/contract/message-of.ts';
import { reading } from '../../../src/state/redis/topology.ts';
import { Member } from '../../../src/state/redis/member.ts';

/** A client of a server that tells its time, and says nothing else until it is told what. */
class FakeClient extends EventEmitter {
  readonly isReady = true;
  readonly #waiting = new Set<(error: Error) => void>();

  async connect(): Promise<void> {}
  ref(): void {}
  unref(): void {}
  destroy(): void {}
  async close(): Promise<void> {}

  async sendCommand([command]: readonly string[]): Promise<unknown> {
    if (command === 'TIME') return [1, 0];
    return new Promise((_, reject) => {
      this.#waiting.add(reject);
      setImmediate(() => this.emit('asked'));
    });
  }

  fail(message: string): void {
    for (const reject of this.#waiting) reject(new Error(message));
  }

  asClient(): Client {
    return this as unknown as Client;
  }
}

/** Asks a member, and closes it before the answer comes. */
async function errorWhileClosing(message: string): Promise<unknown> {
  const client = new FakeClient();
  const member = new Member({
    timeout: 5000,
    isReferenced: true,
    makeClient: async () => client.asClient(),
  });
  const asking = member.run({
    key: 'a',
    repetition: 'once',
    until: performance.now() + 5000,
    ask: (send) => send(['EVALSHA']),
  });
  const failed = asking.then(
    () => undefined,
    (error: unknown) => error,
  );
  await once(client, 'asked');
  const closed = member.close();
  client.fail(message);
  await closed;
  return failed;
}

test('what the server says while its connection closes is an answer: the cluster asks where it is sent', async () => {
  const error = await errorWhileClosing('MOVED 3999 10.0.0.2:7001');
  assert.ok(error instanceof Error && !(error instanceof Away), String(error));
  assert.equal(error.message, 'MOVED 3999 10.0.0.2:7001');
});

test('what the connection says then leaves open whether the command was executed', async () => {
  const error = await errorWhileClosing('Socket closed unexpectedly');
  assert.ok(error instanceof Away && error.wasSent, String(error));
});

for (const protocol of ['redis', 'rediss']) {
  test(`who gives the ${protocol} URL of a server of a cluster is told that of the cluster`, async (t) => {
    const client = new FakeClient();
    client.on('asked', () => client.fail('MOVED 3999 10.0.0.2:7001'));
    const address = new Address(`${protocol}://10.0.0.1:7000/0`);
    address.newClient = async () => client.asClient();
    const alone = new Alone(address, {
      timeout: 5000,
      check: async (send) => void (await send('a', ['GET'])),
      onAway: unheard,
      onReady: unheard,
      onMoved: unheard,
      onTimeout: unheard,
      onAnswer: unheard,
    });
    t.after(() => alone.close());
    await assert.rejects(alone.run(reading('a', ['GET'], 5000)), (error: Away) =>
      messageOf(error.cause).endsWith(`give openState ${protocol}+cluster://10.0.0.1:7000`),
    );
  });
}

function unheard(): void {}
