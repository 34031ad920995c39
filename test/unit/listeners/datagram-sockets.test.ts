import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { constants } from 'node:os';
import { test, type TestContext } from 'node:test';
import { MOST_SOCKETS, MOST_SOCKETS_OF_SLOT } from '../../../src/contract/limits.ts';
import type { DatagramMessage, DatagramQuery } from '../../../src/contract/listening.ts';
import { DatagramSockets, type BindUdp, type DatagramPlaces } from '../../../src/listeners/datagram-sockets.ts';
import { bindUdp, type Bound, type NativeHandle } from '../../../src/listeners/native.ts';

const query: DatagramQuery = { address: '127.0.0.1', port: 53, family: 4, ipv6Only: false, reuseAddress: false };
const EADDRINUSE = -constants.errno.EADDRINUSE;

/** A fake socket, which only knows whether it is open. */
class FakeHandle {
  readonly fd = 7;
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

interface Sent {
  readonly worker: number;
  readonly request: number;
  readonly socket: number;
  readonly errno: number;
  readonly isParked: boolean;
  readonly handle: unknown;
}

/** Makes the sockets. Workers are numbers, and those in `dead` get nothing. */
function setUp(
  bind?: BindUdp,
  places?: DatagramPlaces,
): {
  sockets: DatagramSockets;
  told: Array<[worker: number, isOn: boolean]>;
  sent: Sent[];
  handles: FakeHandle[];
  dead: Set<number>;
} {
  const sent: Sent[] = [];
  const handles: FakeHandle[] = [];
  const dead = new Set<number>();
  const told: Array<[worker: number, isOn: boolean]> = [];
  const bindFake: BindUdp = ({ address, port, family }) => {
    const handle = new FakeHandle();
    handles.push(handle);
    return { handle: handle as unknown as NativeHandle, address, port, family };
  };
  const post = (worker: number, message: DatagramMessage, handle?: NativeHandle): boolean => {
    if (dead.has(worker)) return false;
    if (message.type === 'receive') return told.push([worker, message.isOn]) > 0;
    const { request, socket, errno, isParked } = message;
    return sent.push({ worker, request, socket, errno, isParked, handle }) > 0;
  };
  const sockets = new DatagramSockets(post, bind ?? bindFake, places);
  return { sockets, sent, told, handles, dead };
}

test('workers that ask for one address get one socket, until the last has none', async () => {
  const { sockets, sent, handles } = setUp();
  await Promise.all([sockets.request(1, 10, query), sockets.request(2, 20, query)]);
  assert.equal(handles.length, 1);
  assert.deepEqual(
    sent.map(({ worker, request, errno }) => [worker, request, errno]),
    [
      [1, 10, 0],
      [2, 20, 0],
    ],
  );
  assert.equal(sent[0]!.socket, sent[1]!.socket);
  assert.equal(sent[0]!.handle, handles[0]);
  sockets.gone(1);
  assert.equal(handles[0]!.isClosed, false);
  sockets.unbound(2, sent[1]!.socket);
  assert.ok(handles[0]!.isClosed);
});

test('another address is another socket', async () => {
  const { sockets, handles } = setUp();
  const others = [{ port: 54 }, { address: '127.0.0.2' }, { family: 6 as const }, { ipv6Only: true }];
  for (const change of [{}, ...others]) await sockets.request(1, 1, { ...query, ...change });
  assert.equal(handles.length, 1 + others.length);
});

test('a worker that has it twice closes it twice', async () => {
  const { sockets, sent, handles } = setUp();
  await sockets.request(1, 1, query);
  await sockets.request(1, 2, query);
  const { socket } = sent[0]!;
  sockets.unbound(1, socket);
  assert.equal(handles[0]!.isClosed, false);
  sockets.unbound(1, socket);
  assert.ok(handles[0]!.isClosed);
});

test('a worker closes nothing that it does not have', async () => {
  const { sockets, sent, handles } = setUp();
  await sockets.request(1, 1, query);
  const { socket } = sent[0]!;
  for (const [worker, id] of [
    [2, socket],
    [1, socket + 1],
    [1, -1],
  ] as const) {
    sockets.unbound(worker, id);
  }
  sockets.gone(2);
  assert.equal(handles[0]!.isClosed, false);
});

test('what cannot be bound is told, and the next one is answered', async () => {
  const { sockets, sent } = setUp((): Bound => ({ errno: EADDRINUSE }));
  await Promise.all([sockets.request(1, 1, query), sockets.request(2, 2, { ...query, port: 54 })]);
  assert.deepEqual(
    sent.map(({ worker, errno, handle }) => [worker, errno, handle]),
    [
      [1, EADDRINUSE, undefined],
      [2, EADDRINUSE, undefined],
    ],
  );
});

test('a worker that is gone by the time of the answer holds nothing', async () => {
  const { sockets, handles, dead } = setUp();
  dead.add(1);
  await sockets.request(1, 1, query);
  assert.ok(handles[0]!.isClosed);
});

test('closed while another process binds: what comes is closed', async () => {
  const handle = new FakeHandle();
  let bound: (bound: Bound) => void = () => {};
  const { sockets, sent } = setUp(() => new Promise((resolve) => (bound = resolve)));
  const asked = sockets.request(1, 1, query);
  await Promise.resolve();
  sockets.close();
  bound({ handle: handle as unknown as NativeHandle, address: query.address, port: query.port, family: 4 });
  await asked;
  assert.ok(handle.isClosed);
  assert.deepEqual(sent, []);
});

/** Makes a socket with a queue, and the description of it that another primary leaves. */
async function bequeathed(t: TestContext): Promise<{ heir: ReturnType<typeof setUp>; query: DatagramQuery }> {
  const bound = bindUdp('127.0.0.1', 0, 4);
  assert.ok('handle' in bound);
  const wanted = { ...query, port: bound.port };
  const before = setUp(() => bound);
  await before.sockets.request(1, 1, wanted);
  assert.deepEqual(before.sockets.manifest(), [{ query: wanted, slot: undefined, fd: bound.handle.fd }]);
  const heir = setUp();
  heir.sockets.inherit(before.sockets.manifest());
  t.after(() => heir.sockets.close());
  return { heir, query: wanted };
}

test('an inherited socket is the one that its workers get', async (t) => {
  const { heir, query: wanted } = await bequeathed(t);
  await heir.sockets.request(5, 1, wanted);
  assert.equal(heir.sent[0]!.errno, 0);
  assert.notEqual(heir.sent[0]!.handle, undefined);
  assert.equal(heir.handles.length, 0, 'none was bound');
  heir.sockets.own();
  assert.equal(heir.sockets.manifest().length, 1);
  heir.sockets.gone(5);
  assert.equal(heir.sockets.manifest().length, 1, 'the next worker reads on');
  heir.sockets.sweep(0);
  assert.equal(heir.sockets.manifest().length, 0);
});

test('while the primary before has it too, it stays, whoever comes and goes', async (t) => {
  const { heir, query: wanted } = await bequeathed(t);
  heir.sockets.unbound(5, 1);
  await heir.sockets.request(5, 1, wanted);
  heir.sockets.gone(5);
  assert.equal(heir.sockets.manifest().length, 1);
  await heir.sockets.request(6, 1, wanted);
  assert.equal(heir.handles.length, 0, 'none was bound');
  heir.sockets.own();
  assert.equal(heir.sockets.manifest().length, 1);
});

test('what no worker has asked for when the primary before leaves would only swallow datagrams', async (t) => {
  const { heir } = await bequeathed(t);
  heir.sockets.own();
  assert.equal(heir.sockets.manifest().length, 0);
});

test('a descriptor that is no UDP socket is not taken', () => {
  const { sockets } = setUp();
  sockets.inherit([{ query, fd: 999_999 }]);
  assert.deepEqual(sockets.manifest(), []);
});

test('without another process, it binds itself', async (t) => {
  const sockets = new DatagramSockets((_worker, message, handle) => {
    assert.equal(message.type === 'bound' && message.errno, 0);
    assert.notEqual(handle, undefined);
    return true;
  });
  t.after(() => sockets.close());
  const probe = createSocket('udp4').bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  await sockets.request(1, 1, { ...query, port });
  assert.equal(sockets.manifest().length, 1);
});

/** Workers 0 to 9 have the slots of their numbers, and 10 to 19 are their successors. Others are spares. */
const perSlot: DatagramPlaces = { isPerSlot: true, slotOf: (worker) => (worker < 20 ? worker % 10 : undefined) };

test('each slot has a socket of its own, which its next worker gets', async () => {
  const { sockets, sent, handles } = setUp(undefined, perSlot);
  await sockets.request(0, 1, query);
  await sockets.request(1, 1, query);
  // The first of all was bound to see whether another program has the address.
  assert.deepEqual(
    handles.map(({ isClosed }) => isClosed),
    [true, false, false],
  );
  assert.notEqual(sent[0]!.handle, sent[1]!.handle);
  sockets.gone(0);
  assert.equal(handles[1]!.isClosed, false, 'what is queued is for the next worker');
  await sockets.request(10, 1, query);
  assert.equal(sent[2]!.handle, sent[0]!.handle);
  sockets.vacate(1);
  assert.ok(handles[2]!.isClosed);
});

test('sockets for multicast groups are shared', async () => {
  const { sockets, sent } = setUp(undefined, perSlot);
  await sockets.request(0, 1, { ...query, reuseAddress: true });
  await sockets.request(1, 1, { ...query, reuseAddress: true });
  assert.equal(sent[0]!.handle, sent[1]!.handle);
});

test('a spare is answered when it has a slot', async () => {
  let slot: number | undefined;
  const { sockets, sent } = setUp(undefined, { isPerSlot: true, slotOf: () => slot });
  assert.equal(await sockets.request(30, 1, query), 'held');
  assert.equal(sent.length, 0);
  slot = 3;
  sockets.join(30, { isParked: false });
  await new Promise(setImmediate);
  assert.equal(sent[0]!.request, 1);
});

test('one worker of a slot reads at a time', async () => {
  const { sockets, sent, told } = setUp(undefined, perSlot);
  sockets.join(0, { isParked: false });
  await sockets.request(0, 1, query);
  sockets.join(10, { isParked: true });
  await sockets.request(10, 1, query);
  assert.deepEqual(
    sent.map(({ isParked }) => isParked),
    [false, true],
  );
  sockets.accept(10);
  sockets.park(0);
  assert.deepEqual(told, [
    [10, true],
    [0, false],
  ]);
  // The new worker failed, and the old one has its slot back.
  sockets.gone(10);
  sockets.accept(0);
  assert.deepEqual(told.at(-1), [0, true]);
  // The worker drains, and no other one reads.
  sockets.leaving(0);
  assert.equal(told.length, 3);
  await sockets.request(10, 2, query);
  sockets.leaving(0);
  assert.deepEqual(told.at(-1), [0, false]);
});

test('a worker has at most 1024 copies of sockets, with those that it waits for', async () => {
  const { sockets, sent, handles } = setUp(undefined, {
    slotOf: (worker) => (worker === 9 ? undefined : 0),
    isPerSlot: false,
  });
  for (const worker of [1, 9]) {
    const asked = Array.from({ length: MOST_SOCKETS + 2 }, (_, nth) =>
      // Half of them are copies of one socket.
      sockets.request(worker, nth, { ...query, port: nth % 2 === 0 ? 1 : nth }),
    );
    const refused = sent.filter((one) => one.worker === worker && one.errno === -constants.errno.EMFILE);
    assert.deepEqual(
      refused.map(({ request }) => request),
      [MOST_SOCKETS, MOST_SOCKETS + 1],
    );
    await Promise.all(asked);
  }
  assert.equal(handles.length, MOST_SOCKETS / 2);
  sockets.unbound(1, sent.find(({ errno }) => errno === 0)!.socket);
  await sockets.request(1, 5000, query);
  assert.equal(sent.at(-1)!.errno, 0, 'there is room again');
});

/** The worker of slot 1 is 9, and all others are of slot 0. @returns a function that asks for a port, and returns the answer */
function twoSlots(isPerSlot: boolean): Pick<ReturnType<typeof setUp>, 'sockets'> & {
  ask: (worker: number, port: number) => Promise<number>;
  open: () => number;
} {
  const { sockets, sent, handles } = setUp(undefined, { slotOf: (worker) => (worker === 9 ? 1 : 0), isPerSlot });
  const ask = async (worker: number, port: number): Promise<number> => {
    await sockets.request(worker, port, { ...query, port });
    return sent.at(-1)!.errno;
  };
  return { sockets, ask, open: () => handles.filter(({ isClosed }) => !isClosed).length };
}

for (const isPerSlot of [true, false]) {
  const how = isPerSlot ? 'per slot' : 'shared';

  test(`the workers of a slot take no more than its share, ${how}`, async () => {
    const { sockets, ask, open } = twoSlots(isPerSlot);
    for (let port = 1; port <= MOST_SOCKETS_OF_SLOT; port++)
      assert.equal(await ask(Math.ceil(port / MOST_SOCKETS), port), 0);
    assert.equal(open(), MOST_SOCKETS_OF_SLOT);
    assert.equal(await ask(8, 10_000), -constants.errno.EMFILE);
    assert.equal(await ask(8, 1), 0, 'this one is there');
    assert.equal(await ask(9, 10_000), 0, 'another slot');
    sockets.gone(2);
    sockets.sweep(0);
    assert.equal(await ask(8, 10_001), 0, 'there is room again');
  });

  test(`of what workers leave that crash the last of each slot are kept, ${how}`, async () => {
    const { sockets, ask, open } = twoSlots(isPerSlot);
    const others = 10;
    for (let port = 1; port <= others; port++) assert.equal(await ask(9, port), 0);
    sockets.gone(9);
    for (let life = 1; life <= 6; life++) {
      assert.equal(await ask(20 + life, 60_000), 0, 'one that each has');
      for (let nth = 1; nth < MOST_SOCKETS; nth++)
        assert.equal(await ask(20 + life, life * MOST_SOCKETS + nth), 0, `${nth} in life ${life}`);
      sockets.gone(20 + life);
      assert.equal(open(), MOST_SOCKETS + others);
    }
    const kept = sockets.manifest().map(({ query: { port } }) => port);
    assert.ok(kept.includes(60_000));
    assert.ok(kept.includes(6 * MOST_SOCKETS + 1));
    assert.equal(await ask(9, 50_000), 0, 'another slot');
  });
}

test('a shared socket counts for the slot that left it last', async () => {
  const { sockets, ask } = twoSlots(false);
  for (let port = 1; port <= MOST_SOCKETS; port++) {
    await ask(1, port);
    await ask(9, port);
  }
  sockets.gone(1);
  sockets.gone(9);
  for (let port = 1; port <= MOST_SOCKETS_OF_SLOT; port++)
    assert.equal(await ask(2 + Math.floor((port - 1) / MOST_SOCKETS), 10_000 + port), 0);
});
