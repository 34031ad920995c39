import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { BURST_MS } from '../../../../src/balance/burst.ts';
import type { Balance } from '../../../../src/contract/modes.ts';
import { clientHash, stickySlot } from '../../../../src/balance/sticky-ip.ts';
import { Board } from '../../../../src/scoreboard/board.ts';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { LoadView } from '../../../../src/scoreboard/load-view.ts';
import { BLANK } from '../../../../src/scoreboard/record.ts';
import { Reader } from '../../../../src/scoreboard/reader.ts';
import { Writer } from '../../../../src/scoreboard/writer.ts';
import { Balancer } from '../../../../src/worker/balancing/balancer.ts';
import { Handoffs } from '../../../../src/worker/balancing/handoffs.ts';
import { Undecided } from '../../../../src/worker/balancing/undecided.ts';
import type { SlotHandle } from '../../../../src/worker/listening/slot-handle.ts';
import { temporaryDirectory } from '../../scoreboard/helpers.ts';
import { FakeClient, FakeLink, slotHandle } from './handoff-helpers.ts';

const LISTENER = 1;

interface Bench {
  readonly link: FakeLink;
  readonly balancer: Balancer;
  readonly undecided: Undecided;
  readonly handle: SlotHandle;
  readonly served: unknown[];
  /** The figures of this worker, slot 0. Some of them can change while it decides. */
  readonly own: { open: number; slot: number | undefined; isDraining: boolean; handicap: number };
  /** Writes the rows of the others: how many connections they have, from slot 1 on. */
  readonly others: (...open: number[]) => void;
  /** How many connections this worker's row said to be open, each time that it was written. */
  readonly published: number[];
  readonly accept: (address?: string) => FakeClient;
  /** The slots to which connections were sent. */
  readonly receivers: () => number[];
}

/** Everything is real but the channel and the counts of Node's servers. */
const SEED = 7;

function setUp(t: TestContext, balance: Balance = 'least-connections'): Bench {
  const board = Board.create({ name: 'balancer', rows: 4, directories: [temporaryDirectory(t)] });
  const writers = [0, 1, 2, 3].map((row) => Writer.open(board.path, row));
  const reader = Reader.open(board.path);
  const own: Bench['own'] = { open: 0, slot: 0, isDraining: false, handicap: 0 };
  const link = new FakeLink();
  const published: number[] = [];
  const open = (): number => own.open + served.length + undecided.count + handoffs.arriving;
  const vitals = {
    get published() {
      return published.at(-1) ?? 0;
    },
    publish() {
      writers[0]!.pairs.unanswered.set(handoffs.pairs.unanswered);
      writers[0]!.pairs.sent.set(handoffs.pairs.sent);
      const figures = { slot: 0, state: 'ready', heartbeat: monotonic(), connectionsOpen: open() } as const;
      writers[0]!.write({ ...BLANK, ...figures });
      published.push(open());
    },
  };
  let balancer: Balancer | undefined;
  const { handle, served } = slotHandle(LISTENER, {
    steer: (client, acceptedBy) => balancer!.steer(client, acceptedBy),
    get ended() {
      return balancer!.ended;
    },
  });
  const handoffs = new Handoffs({ link, taker: () => handle });
  const undecided = new Undecided(handoffs);
  handoffs.whenChanged(() => vitals.publish());
  const view = new LoadView(board.path);
  balancer = new Balancer(balance, view, {
    handoffs,
    undecided,
    servers: { open: () => own.open + served.length, accepted: () => own.open + served.length },
    open,
    vitals,
    slot: () => own.slot,
    isDraining: () => own.isDraining,
    handicap: () => own.handicap,
    seed: SEED,
  });
  t.after(() => {
    for (const writer of writers) writer.close();
    reader.close();
    view.close();
    board.close();
  });
  const accept = (address?: string): FakeClient => {
    const client = new FakeClient(address);
    balancer.steer(client, handle);
    return client;
  };
  return {
    link,
    balancer,
    undecided,
    handle,
    served,
    own,
    published,
    accept,
    others(...loads) {
      for (const [nth, connectionsOpen] of loads.entries()) {
        const figures = { slot: nth + 1, state: 'ready', heartbeat: monotonic(), connectionsOpen } as const;
        writers[nth + 1]!.write({ ...BLANK, ...figures });
      }
    },
    receivers: () => link.messages.flatMap((message) => (message.type === 'handoff' ? [message.to] : [])),
  };
}

/** Accepts so many within the time that makes them a burst. It tries again when the machine had other things to do meanwhile. */
function burst(t: TestContext, connections: number): Bench {
  for (let tries = 0; tries < 100; tries++) {
    const bench = setUp(t);
    bench.others(0, 0);
    const from = monotonic();
    for (let nth = 0; nth < connections; nth++) bench.accept();
    if (monotonic() - from < BURST_MS) return bench;
  }
  throw new Error('this machine is too busy for a burst');
}

test('it serves what it accepts while nobody has fewer, and has told before it looked', (t) => {
  const { accept, served, others, published, receivers } = setUp(t);
  others(0, 0);
  const client = accept();
  assert.deepEqual([served, receivers(), published], [[client], [], [1]]);
});

test('who has fewer is sent it; in one row it is no longer here and on its way there', (t) => {
  const { accept, served, others, own, published, receivers, link } = setUp(t);
  own.open = 3;
  others(3, 1);
  const client = accept();
  assert.deepEqual([served, receivers(), link.sent[0]!.handle], [[], [2], client]);
  assert.deepEqual(published, [4, 3]);
});

test('ends are told when the event loop has turned, once for all that end together', async (t) => {
  const { accept, own, others, served, published } = setUp(t);
  others(9, 9);
  const clients = [accept(), accept(), accept()];
  assert.deepEqual(published, [1, 2, 3]);
  for (const client of clients) {
    client.close();
    assert.ok(client.isClosed);
  }
  own.open -= served.length;
  assert.deepEqual(published, [1, 2, 3], 'it still counts while it is being closed');
  await turn();
  assert.deepEqual(published, [1, 2, 3, 0]);
});

test('in a burst excess waits until it has paused, and is then placed', async (t) => {
  const { served, own, receivers, undecided } = burst(t, 6);
  assert.deepEqual([receivers(), served.length, undecided.count], [[], 1, 5]);
  await delay(50);
  assert.deepEqual(receivers().toSorted(), [1, 1, 2, 2]);
  assert.deepEqual([served.length, undecided.count, own.open], [2, 0, 0]);
});

test('others that have accepted meanwhile are not sent what they need not have', async (t) => {
  const { served, others, receivers } = burst(t, 6);
  others(6, 6);
  await delay(50);
  assert.deepEqual([served.length, receivers()], [6, []]);
});

test('it waits for no one for ever: at most so long, then it serves itself', async (t) => {
  const { accept, served, others, own, receivers, undecided, link } = setUp(t);
  own.open = 30;
  others(0);
  for (let nth = 0; nth < 12; nth++) {
    accept();
    others(0);
    await delay(5);
  }
  assert.deepEqual([receivers().length, undecided.count, served.length], [8, 4, 0]);
  // The receiver beats and does not answer.
  for (const end = monotonic() + 1200; monotonic() < end; await delay(20)) others(0);
  assert.deepEqual([receivers().length, undecided.count, served.length], [8, 0, 4]);
  assert.ok(link.messages.some(({ type }) => type === 'recall'));
});

test('an answer lets those go on that wait', async (t) => {
  const { accept, others, own, receivers, undecided, link } = setUp(t);
  own.open = 30;
  others(0);
  for (let nth = 0; nth < 9; nth++) {
    accept();
    await delay(5);
  }
  assert.deepEqual([receivers().length, undecided.count], [8, 1]);
  link.hear({ type: 'handed', id: 1, how: 'taken' });
  assert.deepEqual([receivers().length, undecided.count], [9, 0]);
});

for (const [what, change] of [
  ['a spare', { slot: undefined }],
  ['who drains', { isDraining: true }],
] as const) {
  test(`${what} serves what it accepts`, (t) => {
    const { accept, served, others, own, receivers } = setUp(t);
    Object.assign(own, { open: 9, ...change });
    others(0, 0);
    accept();
    assert.deepEqual([served.length, receivers()], [1, []]);
  });
}

test('what waits when a drain begins is served here', async (t) => {
  const { served, own, receivers, undecided } = burst(t, 4);
  own.isDraining = true;
  await delay(50);
  assert.deepEqual([served.length, receivers(), undecided.count], [4, [], 0]);
});

test('who has let go of connections takes none back', (t) => {
  const { accept, others, own, receivers } = setUp(t);
  Object.assign(own, { open: 3, handicap: 2 });
  others(4, 4);
  accept();
  assert.deepEqual(receivers(), [1]);
});

test('who comes in a rush may be kept without a thought, who comes after it is not', async (t) => {
  // When each of these rushes ends, another number of connections is left that might be kept without a decision.
  for (let more = 0; more < 6; more++) {
    const { accept, others, receivers } = setUp(t);
    others(1_000_000);
    for (const from = monotonic(); monotonic() - from < 50;) accept();
    for (let nth = 0; nth < more; nth++) accept();
    others(0);
    await delay(50);
    accept();
    assert.deepEqual(receivers(), [1]);
  }
});

test('sticky-ip: each client is sent to its slot', (t) => {
  const { accept, others, served, receivers } = setUp(t, 'sticky-ip');
  others(0, 0);
  const now = monotonic();
  const slots = { slots: 3, beats: [now, now, now], open: [], coming: [] };
  const addresses = Array.from({ length: 30 }, (_, nth) => `10.0.0.${nth}`);
  const homes = addresses.map((address) => stickySlot(clientHash(address, SEED), 0, slots, now));
  for (const address of addresses) accept(address);
  assert.equal(new Set(homes).size, 3);
  assert.deepEqual(
    receivers(),
    homes.filter((slot) => slot !== 0),
  );
  assert.equal(served.length, homes.filter((slot) => slot === 0).length);
});

test('sticky-ip: the clients of a slot whose worker could not have one stay for a while; not if it only would not', async (t) => {
  const { accept, others, served, receivers, link } = setUp(t, 'sticky-ip');
  others(0, 0);
  const now = monotonic();
  const slots = { slots: 3, beats: [now, now, now], open: [], coming: [] };
  const addresses = Array.from({ length: 30 }, (_, nth) => `10.0.0.${nth}`);
  const address = addresses.find((one) => stickySlot(clientHash(one, SEED), 0, slots, now) === 1)!;
  accept(address);
  link.hear({ type: 'handed', id: 1, how: 'refused' });
  accept(address);
  assert.deepEqual([receivers(), served.length], [[1, 1], 1]);
  await delay(1200);
  assert.deepEqual(link.messages.at(-1), { type: 'recall', id: 2 });
  link.hear({ type: 'handed', id: 2, how: 'refused' });
  others(0, 0);
  accept(address);
  assert.deepEqual([receivers(), served.length], [[1, 1], 3]);
});

test('sticky-ip: nobody looks at loads, and ends are not told', (t) => {
  const { balancer, accept } = setUp(t, 'sticky-ip');
  const client = accept();
  assert.equal(balancer.ended, undefined);
  assert.ok(!Object.hasOwn(client, 'close'));
});

test('sticky-ip: a client without an address, over a Unix socket, stays', (t) => {
  const { accept, others, served } = setUp(t, 'sticky-ip');
  others(0, 0);
  accept();
  assert.equal(served.length, 1);
});
