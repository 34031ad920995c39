import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { ListenQuery } from '../../../src/listeners/listener.ts';
import { ListenerSet, type ListenerMessage } from '../../../src/listeners/listener-set.ts';
import { reuseportWorks, type NativeHandle } from '../../../src/listeners/native.ts';
import type { Sharing } from '../../../src/listeners/sharing.ts';

const anyPort: ListenQuery = {
  address: '127.0.0.1',
  port: 0,
  family: 4,
  ipv6Only: false,
  ordinal: 0,
  readableAll: false,
  writableAll: false,
  data: null,
};

/** A set whose workers are this test: what they are sent is kept. */
class Workers {
  readonly set: ListenerSet;
  readonly sent: Array<{ worker: number; message: ListenerMessage; handle: NativeHandle | undefined }> = [];

  constructor(t: TestContext, sharing: Sharing, count: number) {
    this.set = new ListenerSet({
      sharing,
      post: (worker, message, handle) => void this.sent.push({ worker, message, handle }),
    });
    for (let worker = 1; worker <= count; worker++) this.set.join(worker, worker - 1);
    t.after(() => this.set.close());
  }

  /** @returns the answer to a worker's request, with the port it got. */
  async ask(worker: number, query: ListenQuery): Promise<ListenerMessage & { gotPort: number | undefined }> {
    await this.set.request(worker, 1, query);
    const { message, handle } = this.sent.at(-1)!;
    const name: { port?: number } = {};
    handle?.getsockname?.(name);
    return { ...message, gotPort: name.port };
  }

  /** Asks and listens. @returns listener and port. */
  async serve(worker: number, query: ListenQuery): Promise<{ id: number; port: number }> {
    const answer = await this.ask(worker, query);
    assert.equal(answer.type, 'granted', JSON.stringify(answer));
    const id = (answer as { listener: number }).listener;
    this.set.listening(worker, id);
    return { id, port: answer.gotPort! };
  }

  take(): string[] {
    return this.sent.splice(0).map(({ worker, message }) => `${worker} ${message.type}`);
  }
}

const perSlot = reuseportWorks() ? 'reuseport' : 'shared';

for (const sharing of new Set<Sharing>([perSlot, 'shared'])) {
  test(`${sharing}: the n-th listen(0) of every worker gets the same port`, async (t) => {
    const workers = new Workers(t, sharing, 2);
    const first = await workers.serve(1, anyPort);
    const second = await workers.serve(1, { ...anyPort, ordinal: 1 });
    assert.notEqual(first.port, second.port);
    assert.deepEqual(await workers.serve(2, anyPort), first);
    assert.deepEqual(await workers.serve(2, { ...anyPort, ordinal: 1 }), second);
  });

  test(`${sharing}: a port that was found with 0 is the same listener by number`, async (t) => {
    const workers = new Workers(t, sharing, 2);
    const { id, port } = await workers.serve(1, anyPort);
    assert.deepEqual(await workers.serve(2, { ...anyPort, port }), { id, port });
  });

  test(`${sharing}: a probed port stays the same for workers that come when the first has closed it`, async (t) => {
    const workers = new Workers(t, sharing, 2);
    const { id, port } = await workers.serve(1, anyPort);
    workers.set.closed(1, id);
    assert.deepEqual(workers.set.listeners, []);
    assert.equal((await workers.serve(2, anyPort)).port, port);
  });

  test(`${sharing}: an address twice in one worker is EADDRINUSE`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    const { port } = await workers.serve(1, anyPort);
    const answer = await workers.ask(1, { ...anyPort, port });
    assert.equal(answer.type, 'denied');
  });

  test(`${sharing}: a port that another program has is EADDRINUSE, and can be had when it is free`, async (t) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const workers = new Workers(t, sharing, 1);
    assert.equal((await workers.ask(1, { ...anyPort, port })).type, 'denied');
    other.close();
    await once(other, 'close');
    await workers.serve(1, { ...anyPort, port });
  });

  test(`${sharing}: a listener is gone when its last worker closes it`, async (t) => {
    const workers = new Workers(t, sharing, 2);
    const { id, port } = await workers.serve(1, anyPort);
    await workers.serve(2, anyPort);
    workers.set.closed(1, id);
    assert.equal(workers.set.listeners.length, 1);
    workers.set.closed(2, id);
    assert.equal(workers.set.listeners.length, 0);
    const [error] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test(`${sharing}: what a dead worker had open waits for its successor, and is swept if that does not want it`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    const { id, port } = await workers.serve(1, anyPort);
    workers.set.gone(1);
    workers.set.join(2, 0);
    assert.equal(workers.set.listeners.length, 1);
    assert.deepEqual(await workers.serve(2, { ...anyPort, port }), { id, port });
    workers.set.gone(2);
    workers.set.sweep(0);
    assert.equal(workers.set.listeners.length, 0);
  });

  test(`${sharing}: the request of a worker that is gone gets no answer`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    workers.set.gone(1);
    await workers.set.request(1, 1, anyPort);
    assert.deepEqual(workers.take(), []);
  });
}

test(
  'a neighbour adopts a dead slot’s socket until it is served again',
  { skip: perSlot !== 'reuseport' },
  async (t) => {
    const workers = new Workers(t, 'reuseport', 3);
    for (const worker of [1, 2, 3]) await workers.serve(worker, anyPort);
    workers.take();
    workers.set.gone(1);
    assert.deepEqual(workers.take(), ['2 adopt']);
    workers.set.gone(2);
    // Both slots' sockets, the adopted one included.
    assert.deepEqual(workers.take(), ['3 adopt', '3 adopt']);
    workers.set.join(4, 0);
    await workers.serve(4, anyPort);
    assert.deepEqual(workers.take(), ['4 granted', '3 release']);
  },
);

test('a slot whose worker closed its server is adopted too', { skip: perSlot !== 'reuseport' }, async (t) => {
  const workers = new Workers(t, 'reuseport', 2);
  const { id } = await workers.serve(1, anyPort);
  await workers.serve(2, anyPort);
  workers.take();
  workers.set.closed(1, id);
  assert.deepEqual(workers.take(), ['2 adopt']);
});

test('what all workers left is adopted by the first that is back', { skip: perSlot !== 'reuseport' }, async (t) => {
  const workers = new Workers(t, 'reuseport', 2);
  await workers.serve(1, anyPort);
  await workers.serve(2, anyPort);
  workers.set.gone(1);
  workers.set.gone(2);
  workers.take();
  workers.set.join(3, 1);
  await workers.serve(3, anyPort);
  assert.deepEqual(workers.take(), ['3 granted', '3 adopt']);
});
