import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { MOST_SOCKETS, MOST_SOCKETS_OF_SLOT } from '../../../src/contract/limits.ts';
import type { ListenerMessage, ListenQuery } from '../../../src/contract/listening.ts';
import { ListenerSet } from '../../../src/listeners/listener-set.ts';
import { EMFILE } from '../../../src/listeners/listener.ts';
import { reuseportWorks, type NativeHandle } from '../../../src/listeners/native.ts';
import type { Sharing } from '../../../src/contract/modes.ts';

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

/** A set whose workers are this test, which keeps what they are sent. */
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

  /**
   * Sends a worker's request.
   *
   * @returns the answer, with the port it got.
   */
  async ask(worker: number, query: ListenQuery): Promise<ListenerMessage & { gotPort: number | undefined }> {
    await this.set.request(worker, 1, query);
    const { message, handle } = this.sent.at(-1)!;
    const name: { port?: number } = {};
    handle?.getsockname?.(name);
    return { ...message, gotPort: name.port };
  }

  /**
   * Asks and listens.
   *
   * @returns listener and port.
   */
  async serve(worker: number, query: ListenQuery): Promise<{ id: number; port: number }> {
    const answer = await this.ask(worker, query);
    assert.equal(answer.type, 'granted', JSON.stringify(answer));
    const id = (answer as { listener: number }).listener;
    this.set.listening(worker, id);
    return { id, port: answer.gotPort! };
  }

  /** Returns the messages since the last call, each with the slot whose socket it was about. */
  take(): string[] {
    return this.sent.splice(0).map(({ worker, message }) => {
      return 'slot' in message ? `${worker} ${message.type} ${message.slot}` : `${worker} ${message.type}`;
    });
  }

  /** Answers a request that was held, so that the worker serves. */
  async takeOver(worker: number, slot: number): Promise<void> {
    this.set.seat(worker, slot);
    await turn();
    const { message } = this.sent.at(-1)!;
    assert.equal(message.type, 'granted');
    this.set.listening(worker, (message as { listener: number }).listener);
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

  test(`${sharing}: a worker without a slot is not answered until it has one`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    const { id, port } = await workers.serve(1, anyPort);
    workers.take();
    workers.set.join(2, undefined);
    assert.equal(await workers.set.request(2, 5, { ...anyPort, port }), 'held');
    assert.deepEqual(workers.take(), []);
    workers.set.seat(2, 0);
    await turn();
    const about = { listener: id, slot: 0, data: null, isPassed: false, file: undefined, isParked: false };
    const granted = { type: 'granted', request: 5, ...about };
    assert.deepEqual(workers.sent[0]?.message, granted);
    assert.equal(await workers.set.request(2, 6, { ...anyPort, ordinal: 1 }), 'granted');
  });

  test(`${sharing}: one that has asked for nothing has its slot at once`, async (t) => {
    const workers = new Workers(t, sharing, 0);
    workers.set.join(1, undefined);
    workers.set.seat(1, 0);
    await workers.serve(1, anyPort);
  });

  test(`${sharing}: what one that is gone had asked for is forgotten`, async (t) => {
    const workers = new Workers(t, sharing, 0);
    workers.set.join(1, undefined);
    assert.equal(await workers.set.request(1, 1, anyPort), 'held');
    workers.set.gone(1);
    workers.set.seat(1, 0);
    await turn();
    assert.deepEqual(workers.take(), []);
  });

  test(`${sharing}: a parked worker gets a socket and accepts nothing where another serves, and is told when it may`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    const { id, port } = await workers.serve(1, anyPort);
    workers.set.join(2, 0, { isParked: true });
    const answer = await workers.ask(2, { ...anyPort, port });
    assert.ok(answer.type === 'granted' && answer.isParked);
    assert.equal(workers.set.opened(2, id)?.port, port);
    const news = await workers.ask(2, { ...anyPort, ordinal: 1 });
    assert.ok(news.type === 'granted' && !news.isParked, 'nobody else serves that');
    workers.set.listening(2, news.listener);
    workers.take();
    assert.equal(workers.set.accept(2), 1);
    assert.deepEqual(workers.take(), ['2 accept 0']);
    assert.equal(workers.set.accept(2), 1, 'it has not said that it listens');
    workers.set.listening(2, id);
    assert.equal(workers.set.accept(2), 0);
  });

  test(`${sharing}: one is parked where its slot’s other worker listens, and gets its socket again to accept`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    const { id, port } = await workers.serve(1, anyPort);
    const own = await workers.serve(1, { ...anyPort, ordinal: 1 });
    workers.set.park(1);
    workers.set.accept(1);
    workers.set.join(2, 0, { isParked: true });
    await workers.ask(2, { ...anyPort, port });
    workers.set.accept(2);
    workers.set.listening(2, id);
    workers.take();
    workers.set.park(1);
    assert.deepEqual(workers.take(), ['1 park'], 'its own other address it serves on');
    assert.equal(workers.set.accept(1), 1);
    const { message, handle } = workers.sent.at(-1)!;
    assert.deepEqual(message, { type: 'accept', listener: id, slot: 0 });
    assert.ok(handle !== undefined);
    assert.deepEqual(workers.set.listeners.map((listener) => listener.id).toSorted(), [id, own.id].toSorted());
  });

  test(`${sharing}: one whose slot is removed is parked where others serve, which adopt its socket, and gets it back`, async (t) => {
    const workers = new Workers(t, sharing, 2);
    await workers.serve(1, anyPort);
    await workers.serve(2, anyPort);
    workers.take();
    workers.set.vacate(1);
    workers.set.park(2);
    assert.ok(workers.take().includes('2 park'));
    workers.set.reopen(1);
    assert.equal(workers.set.accept(2), 1);
    assert.ok(workers.take().some((sent) => sent.startsWith('2 accept')));
  });

  test(`${sharing}: the last one that serves is not parked, though its slot is removed`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    await workers.serve(1, anyPort);
    workers.take();
    workers.set.vacate(0);
    workers.set.park(1);
    assert.deepEqual(workers.take(), []);
  });

  test(`${sharing}: when the worker that parked it is gone, a neighbour serves until it accepts again`, async (t) => {
    const workers = new Workers(t, sharing, 2);
    const { id, port } = await workers.serve(1, anyPort);
    await workers.serve(2, anyPort);
    workers.set.join(3, 0, { isParked: true });
    await workers.ask(3, { ...anyPort, port });
    workers.set.accept(3);
    workers.set.listening(3, id);
    workers.set.park(1);
    workers.take();
    workers.set.gone(3);
    const adoption = sharing === 'reuseport' ? ['2 adopt 0'] : [];
    assert.deepEqual(workers.take(), adoption);
    workers.set.accept(1);
    workers.set.listening(1, id);
    assert.deepEqual(workers.take(), ['1 accept 0', ...(sharing === 'reuseport' ? ['2 release 0'] : [])]);
  });

  test(`${sharing}: one that leaves is granted nothing, with a slot or without`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    await workers.serve(1, anyPort);
    workers.set.join(2, undefined);
    for (const worker of [1, 2]) {
      workers.set.leaving(worker);
      assert.equal((await workers.ask(worker, { ...anyPort, ordinal: 1 })).type, 'late');
    }
    assert.equal(workers.set.listeners.length, 1);
  });

  test(`${sharing}: what one that drains closes is not given up, whoever else has it open`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    const { id } = await workers.serve(1, anyPort);
    workers.set.leaving(1);
    workers.set.closed(1, id);
    assert.equal(workers.set.listeners.length, 1);
    workers.set.join(2, 0);
    assert.equal((await workers.serve(2, anyPort)).id, id);
  });

  test(`${sharing}: what only one that drains has open is swept`, async (t) => {
    const workers = new Workers(t, sharing, 1);
    await workers.serve(1, anyPort);
    workers.set.leaving(1);
    workers.set.join(2, 0);
    workers.set.sweep(0);
    assert.equal(workers.set.listeners.length, 0);
  });
}

describe('a slot’s socket', { skip: perSlot !== 'reuseport' && 'there is one for all' }, () => {
  /** Makes as many workers as slots, each serving. The next message is the first one to a neighbour. */
  async function serving(t: TestContext, count: number): Promise<Workers & { id: number }> {
    const workers = new Workers(t, 'reuseport', count);
    let id = 0;
    for (let worker = 1; worker <= count; worker++) ({ id } = await workers.serve(worker, anyPort));
    workers.take();
    return Object.assign(workers, { id });
  }

  test('is adopted by a neighbour when its worker dies, until it is served again', async (t) => {
    const workers = await serving(t, 3);
    workers.set.gone(1);
    assert.deepEqual(workers.take(), ['2 adopt 0']);
    workers.set.gone(2);
    // The worker adopts the sockets of both slots, including the adopted one.
    assert.deepEqual(workers.take(), ['3 adopt 0', '3 adopt 1']);
    workers.set.join(4, 0);
    await workers.serve(4, anyPort);
    assert.deepEqual(workers.take(), ['4 granted 0', '3 release 0']);
  });

  test('is adopted when its worker closes its server', async (t) => {
    const workers = await serving(t, 2);
    workers.set.closed(1, workers.id);
    assert.deepEqual(workers.take(), ['2 adopt 0']);
  });

  test('is adopted by the first that is back when all were gone', async (t) => {
    const workers = await serving(t, 2);
    workers.set.gone(1);
    workers.set.gone(2);
    workers.take();
    workers.set.join(3, 1);
    await workers.serve(3, anyPort);
    assert.deepEqual(workers.take(), ['3 granted 1', '3 adopt 0']);
  });

  test('is adopted while its worker hangs, and served by it when it beats again', async (t) => {
    const workers = await serving(t, 2);
    workers.set.hung(1, true);
    assert.deepEqual(workers.take(), ['2 adopt 0']);
    workers.set.hung(1, false);
    assert.deepEqual(workers.take(), ['2 release 0']);
  });

  test('stays with its adopter when that hangs too and nobody else is there', async (t) => {
    const workers = await serving(t, 2);
    workers.set.gone(1);
    assert.deepEqual(workers.take(), ['2 adopt 0']);
    workers.set.hung(2, true);
    assert.deepEqual(workers.take(), []);
  });

  for (const [what, happens] of [
    ['hangs', (set: ListenerSet) => set.hung(2, true)],
    ['dies', (set: ListenerSet) => set.gone(2)],
    ['drains', (set: ListenerSet) => set.leaving(2)],
  ] as const) {
    test(`goes to another when its adopter ${what}`, async (t) => {
      const workers = await serving(t, 3);
      workers.set.gone(1);
      assert.deepEqual(workers.take(), ['2 adopt 0']);
      happens(workers.set);
      const told = workers.take().filter((line) => line.endsWith(' 0'));
      assert.deepEqual(told, what === 'dies' ? ['3 adopt 0'] : ['2 release 0', '3 adopt 0']);
    });
  }

  test('is given to the one with the fewest others', async (t) => {
    const workers = await serving(t, 4);
    workers.set.gone(1);
    workers.set.gone(2);
    const told = workers.take().filter((line) => !line.startsWith('2 '));
    assert.deepEqual(told, ['3 adopt 0', '4 adopt 1']);
  });

  test('is its next worker’s and its last one’s until that leaves, with nobody beside', async (t) => {
    const workers = await serving(t, 2);
    workers.set.join(3, undefined);
    assert.equal(await workers.set.request(3, 1, anyPort), 'held');
    await workers.takeOver(3, 0);
    assert.deepEqual(workers.take(), ['3 granted 0']);
    workers.set.leaving(1);
    workers.set.closed(1, workers.id);
    workers.set.gone(1);
    assert.deepEqual(workers.take(), []);
  });

  test('of an address that its next worker opens later is a neighbour’s until then', async (t) => {
    const workers = await serving(t, 2);
    const second = { ...anyPort, ordinal: 1 };
    for (const worker of [1, 2]) await workers.serve(worker, second);
    workers.take();
    workers.set.join(3, undefined);
    await workers.set.request(3, 1, anyPort);
    await workers.takeOver(3, 0);
    workers.set.leaving(1);
    const { message } = workers.sent.at(-1)!;
    assert.notEqual((message as { listener: number }).listener, workers.id);
    assert.deepEqual(workers.take(), ['3 granted 0', '2 adopt 0']);
    await workers.serve(3, second);
    assert.deepEqual(workers.take(), ['3 granted 0', '2 release 0']);
  });

  test('that is vacated is adopted by all, and by those who come', async (t) => {
    const workers = await serving(t, 3);
    workers.set.vacate(2);
    assert.deepEqual(workers.take(), [], 'its worker still accepts');
    workers.set.leaving(3);
    assert.deepEqual(workers.take(), ['1 adopt 2', '2 adopt 2']);
    workers.set.gone(3);
    workers.set.gone(1);
    workers.set.join(4, 0);
    await workers.serve(4, anyPort);
    assert.deepEqual(
      workers.take().filter((line) => line.endsWith(' 2')),
      ['4 adopt 2'],
    );
  });

  test('that was vacated while nobody served it is adopted by all', async (t) => {
    const workers = await serving(t, 3);
    workers.set.gone(3);
    assert.deepEqual(workers.take(), ['1 adopt 2']);
    workers.set.vacate(2);
    assert.deepEqual(workers.take(), ['2 adopt 2']);
  });

  test('that is reopened is released by all when its new worker listens', async (t) => {
    const workers = await serving(t, 3);
    workers.set.vacate(2);
    workers.set.leaving(3);
    workers.take();
    workers.set.reopen(2);
    assert.deepEqual(workers.take(), []);
    workers.set.join(4, 2);
    await workers.serve(4, anyPort);
    assert.deepEqual(workers.take(), ['4 granted 2', '1 release 2', '2 release 2']);
  });

  test('is kept while a copy is on its way to one that has closed the address, for whoever asks for it again', async (t) => {
    const workers = await serving(t, 2);
    workers.set.closed(1, workers.id);
    const { handle } = workers.sent[0]!;
    assert.deepEqual(workers.take(), ['2 adopt 0']);
    // The worker said this before it could know of the adoption.
    workers.set.closed(2, workers.id);
    assert.deepEqual(workers.set.listeners, [], 'nobody wants it');
    assert.notEqual(handle?.fd, -1, 'but nobody could bind it');
    assert.equal((await workers.serve(2, anyPort)).id, workers.id);
    workers.set.returned(2, workers.id);
    assert.equal(workers.set.listeners.length, 1);
    workers.take();
    workers.set.leaving(2);
    workers.set.leaving(1);
    assert.deepEqual(workers.take(), [], 'what it has returned is not released');
  });

  for (const [what, happens] of [
    ['it is returned', (set: ListenerSet, id: number) => set.returned(2, id)],
    ['its worker dies', (set: ListenerSet) => set.gone(2)],
  ] as const) {
    test(`is closed when nobody wants the address and ${what}`, async (t) => {
      const workers = await serving(t, 2);
      workers.set.closed(1, workers.id);
      const { handle } = workers.sent[0]!;
      workers.set.closed(2, workers.id);
      assert.notEqual(handle?.fd, -1);
      happens(workers.set, workers.id);
      assert.equal(handle?.fd, -1);
    });
  }

  test('is closed only when the last of several copies is returned', async (t) => {
    const workers = await serving(t, 2);
    workers.set.hung(1, true);
    const { handle } = workers.sent[0]!;
    workers.set.hung(1, false);
    workers.set.hung(1, true);
    assert.deepEqual(workers.take(), ['2 adopt 0', '2 release 0', '2 adopt 0']);
    workers.set.closed(1, workers.id);
    workers.set.closed(2, workers.id);
    workers.set.returned(2, workers.id);
    assert.notEqual(handle?.fd, -1);
    workers.set.returned(2, workers.id);
    assert.equal(handle?.fd, -1);
  });

  test('of an address that only a vacated slot had is closed when its worker is gone', async (t) => {
    const workers = await serving(t, 2);
    const { id } = await workers.serve(2, { ...anyPort, ordinal: 1 });
    workers.set.vacate(1);
    workers.set.leaving(2);
    assert.equal(workers.set.listeners.length, 2);
    workers.set.gone(2);
    assert.deepEqual(
      workers.set.listeners.map((listener) => listener.id),
      [workers.id],
    );
    assert.notEqual(id, workers.id);
  });

  test('stays when a slot between two workers had it open too', async (t) => {
    const workers = await serving(t, 2);
    workers.set.gone(1);
    workers.set.closed(2, workers.id);
    workers.set.sweep(1);
    assert.equal(workers.set.listeners.length, 1);
    workers.set.sweep(0);
    assert.equal(workers.set.listeners.length, 0);
  });

  test('that nobody has listened on queues nothing, and is nobody’s', async (t) => {
    const workers = await serving(t, 1);
    workers.set.join(2, 1);
    await workers.ask(2, anyPort);
    workers.take();
    workers.set.hung(1, true);
    workers.set.hung(1, false);
    assert.deepEqual(workers.take(), []);
    workers.set.gone(2);
    assert.deepEqual(workers.take(), ['1 adopt 1'], 'it may have listened without having lived to say so');
  });
});

test('one socket for all has no neighbours, whatever happens', async (t) => {
  const workers = new Workers(t, 'shared', 3);
  let id = 0;
  for (const worker of [1, 2, 3]) ({ id } = await workers.serve(worker, anyPort));
  workers.take();
  workers.set.hung(1, true);
  workers.set.leaving(2);
  workers.set.vacate(1);
  workers.set.gone(2);
  workers.set.hung(1, false);
  workers.set.closed(3, id);
  assert.deepEqual(workers.take(), []);
  assert.equal(workers.set.listeners.length, 1);
});

describe('a worker has at most 1024 sockets', () => {
  const denials = ({ sent }: Workers): number[] =>
    sent.flatMap(({ message }) => (message.type === 'denied' ? [message.errno] : []));

  test('that are open, or asked for, and the others have theirs', async (t) => {
    const workers = new Workers(t, 'shared', 2);
    const asked = Array.from({ length: MOST_SOCKETS + 3 }, (_, ordinal) =>
      workers.set.request(1, ordinal, { ...anyPort, ordinal }),
    );
    // The last three are refused before the first ones have been opened.
    assert.deepEqual(denials(workers), [EMFILE, EMFILE, EMFILE]);
    await Promise.all(asked);
    assert.equal((await workers.ask(1, { ...anyPort, ordinal: 5000 })).type, 'denied');
    assert.equal((await workers.ask(2, anyPort)).type, 'granted');
    const granted = workers.sent.find(({ message }) => message.type === 'granted')!.message as { listener: number };
    workers.set.closed(1, granted.listener);
    assert.equal((await workers.ask(1, anyPort)).type, 'granted', 'there is room again');
  });

  test('also while it has no slot', async (t) => {
    const workers = new Workers(t, 'shared', 1);
    workers.set.join(7, undefined);
    const answers = [];
    for (let ordinal = 0; ordinal <= MOST_SOCKETS; ordinal++) {
      answers.push(await workers.set.request(7, ordinal, { ...anyPort, ordinal }));
    }
    assert.deepEqual([answers.at(-2), answers.at(-1)], ['held', 'refused']);
    assert.deepEqual(denials(workers), [EMFILE]);
  });
});

test('what workers of a slot leave that crash, again and again, does not grow without end', async (t) => {
  const workers = new Workers(t, 'shared', 1);
  let ordinal = 0;
  for (let worker = 1; ordinal < MOST_SOCKETS_OF_SLOT; worker++) {
    if (worker > 1) workers.set.join(worker, 0);
    const until = ordinal + MOST_SOCKETS;
    for (; ordinal < until; ordinal++) await workers.set.request(worker, ordinal, { ...anyPort, ordinal });
    workers.set.gone(worker);
  }
  assert.equal(workers.set.listeners.length, MOST_SOCKETS_OF_SLOT);
  for (const [worker, slot] of [[10, 0] as const, [11, 1] as const]) workers.set.join(worker, slot);
  const another = { ...anyPort, ordinal: 10_000 };
  assert.equal((await workers.ask(10, another)).type, 'denied');
  assert.equal((await workers.ask(11, another)).type, 'granted', 'another slot');
  await workers.serve(10, anyPort);
  workers.set.sweep(0);
  assert.equal(workers.set.listeners.length, 2);
  assert.equal((await workers.ask(10, { ...anyPort, ordinal: 10_001 })).type, 'granted', 'there is room again');
});

test('what is remembered of ports does not grow without end', async (t) => {
  const workers = new Workers(t, 'shared', 1);
  for (let ordinal = 0; ordinal < 4 * MOST_SOCKETS + 10; ordinal++) {
    const { id } = await workers.serve(1, { ...anyPort, ordinal });
    workers.set.closed(1, id);
  }
  assert.equal(workers.set.manifest().ephemeral.length, 4 * MOST_SOCKETS);
  assert.equal(workers.set.keyOf(1), undefined);
});
