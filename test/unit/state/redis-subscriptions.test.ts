/**
 * A subscriber hears each message, or is told of a gap before the next one. Here its connection is lost at the moments
 * that matter, and the server's answer comes together with messages, as it does in one packet.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../../src/state/redis/connection.ts';
import { Subscriptions } from '../../../src/state/redis/subscriptions.ts';

interface Subscription {
  readonly listener: (message: Buffer, channel: Buffer) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A client of a server that answers a subscription when the test says so, and anything else at once. */
class FakeClient extends EventEmitter {
  isReady = true;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #answered = new Set<string>();

  async connect(): Promise<void> {}
  ref(): void {}
  unref(): void {}
  async ping(): Promise<void> {}

  async subscribe(channel: string, listener: Subscription['listener']): Promise<void> {
    if (this.#answered.has(channel)) return;
    await new Promise<void>((resolve, reject) => this.#subscriptions.set(channel, { listener, resolve, reject }));
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#subscriptions.delete(channel);
    this.#answered.delete(channel);
  }

  async close(): Promise<void> {
    this.destroy();
  }

  destroy(): void {
    this.isReady = false;
    for (const { reject } of this.#subscriptions.values()) reject(new Error('destroyed'));
    this.#subscriptions.clear();
  }

  /** Waits for a subscription, answers it, and delivers messages in the same turn. */
  async answer(channel: string, ...messages: readonly string[]): Promise<void> {
    while (!this.#subscriptions.has(channel)) await delay(1);
    this.#answered.add(channel);
    this.#subscriptions.get(channel)!.resolve();
    this.say(channel, ...messages);
    await delay(1);
  }

  say(channel: string, ...messages: readonly string[]): void {
    const { listener } = this.#subscriptions.get(channel)!;
    for (const message of messages) listener(Buffer.from(message), Buffer.from(channel));
  }

  lose(): void {
    this.destroy();
    this.emit('end');
  }
}

/** Subscriptions, and their connections in the order in which they were made. */
function lab(t: TestContext): { subscriptions: Subscriptions; next: () => Promise<FakeClient> } {
  const clients: FakeClient[] = [];
  const subscriptions = new Subscriptions({
    timeout: 5000,
    makeClient: async () => {
      const client = new FakeClient();
      clients.push(client);
      return client as unknown as Client;
    },
  });
  t.after(() => subscriptions.close());
  const next = async (): Promise<FakeClient> => {
    while (clients.length === 0) await delay(1);
    return clients.shift()!;
  };
  return { subscriptions, next };
}

function add(subscriptions: Subscriptions, channel: string): { heard: string[]; added: Promise<() => void> } {
  const heard: string[] = [];
  const added = subscriptions.add(channel, {
    onMessage: (message) => heard.push(message.toString()),
    onGap: () => heard.push('gap'),
  });
  return { heard, added };
}

test('the gap is told before a message that comes together with the answer to the new subscription', async (t) => {
  const { subscriptions, next } = lab(t);
  const { heard, added } = add(subscriptions, 'a');
  const first = await next();
  await first.answer('a');
  await added;
  first.say('a', '1');
  first.lose();
  // The message 2 is missed.
  const second = await next();
  await second.answer('a', '3');
  second.say('a', '4');
  assert.deepEqual(heard, ['1', 'gap', '4']);
});

test('a connection that hears messages and is lost before it is ready has told nothing', async (t) => {
  const { subscriptions, next } = lab(t);
  const { heard, added } = add(subscriptions, 'a');
  const other = add(subscriptions, 'b');
  const first = await next();
  await first.answer('a');
  await first.answer('b');
  await Promise.all([added, other.added]);
  first.say('a', '1');
  first.lose();
  const second = await next();
  await second.answer('a', '2');
  second.lose();
  const third = await next();
  await third.answer('a', '4');
  await third.answer('b');
  third.say('a', '5');
  assert.deepEqual(heard, ['1', 'gap', '5']);
});

test('nothing is heard before the first connection is ready, so there is no gap when it was lost before', async (t) => {
  const { subscriptions, next } = lab(t);
  const { heard, added } = add(subscriptions, 'a');
  const other = add(subscriptions, 'b');
  const first = await next();
  await first.answer('a', '1');
  first.lose();
  const second = await next();
  await second.answer('a');
  await second.answer('b');
  await Promise.all([added, other.added]);
  second.say('a', '3');
  assert.deepEqual(heard, ['3']);
});

test('who listens anew when it is told of a gap is told once', async (t) => {
  const { subscriptions, next } = lab(t);
  let told = 0;
  const onMessage = (): void => {};
  const onGap = (): void => {
    remove();
    // Without an end a test that fails would not end either.
    if (++told < 10) void subscriptions.add('a', { onMessage, onGap }).catch(() => {});
  };
  const adding = subscriptions.add('a', { onMessage, onGap });
  const first = await next();
  await first.answer('a');
  const remove = await adding;
  first.lose();
  await (await next()).answer('a');
  assert.equal(told, 1);
});
