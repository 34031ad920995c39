import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Handoffs,
  MOST_UNANSWERED,
  MOST_UNANSWERED_OF_RECEIVER,
  NEXT_PRIMARY,
  OLD_PRIMARY,
} from '../../../../src/primary/workers/handoffs.ts';

const [SENDER, RECEIVER] = [1, 2];
const handoff = { id: 7, to: 1, listener: 3, from: 0, nth: 9 };

class NativeClient {
  isClosed = false;
  /** Whether it is still to be written. */
  isHeld = false;
  close(closed?: () => void): void {
    this.isClosed = true;
    if (!this.isHeld) closed?.();
  }
}

interface Bench {
  readonly handoffs: Handoffs;
  readonly client: NativeClient;
  readonly sent: unknown[];
  /** Closes the receiver's channel, so that nothing reaches it any more. */
  readonly closeChannel: () => void;
}

/** Makes a bench. Slot 1 is the receiver's, slot 0 the sender's, and no other slot has a worker. */
function setUp({ hasRoom = true } = {}): Bench {
  const sent: unknown[] = [];
  let isOpen = true;
  const handoffs = new Handoffs({
    send(worker, message, handle) {
      if (worker === RECEIVER && !isOpen) return false;
      sent.push([worker, message, handle]);
      return true;
    },
    workerOf: (slot) => [SENDER, RECEIVER, NEXT_PRIMARY][slot],
    hasRoom: () => hasRoom,
  });
  return { handoffs, client: new NativeClient(), sent, closeChannel: () => void (isOpen = false) };
}

test('a connection that would wait behind much else is refused, so that its sender serves it', () => {
  const { handoffs, client, sent } = setUp({ hasRoom: false });
  handoffs.pass(SENDER, handoff, client);
  assert.deepEqual(
    [sent, client.isClosed],
    [[[SENDER, { type: 'handed', id: handoff.id, how: 'refused' }, undefined]], true],
  );
});

for (const how of ['taken', 'refused'] as const) {
  test(`what was ${how} is told to its sender, and the copy here closed, once`, () => {
    const { handoffs, client, sent } = setUp();
    handoffs.pass(SENDER, handoff, client);
    assert.deepEqual(sent.shift(), [RECEIVER, { type: 'handoff', id: 1, listener: 3, from: 0, nth: 9 }, client]);
    assert.ok(!client.isClosed);
    handoffs.answered(RECEIVER, 1, how);
    handoffs.answered(RECEIVER, 1, how);
    assert.ok(client.isClosed);
    assert.deepEqual(sent, [[SENDER, { type: 'handed', id: 7, how }, undefined]]);
    assert.equal(handoffs.counts[how], 1);
  });
}

test('nobody settles what is on its way to another', () => {
  const { handoffs, client, sent } = setUp();
  handoffs.pass(SENDER, handoff, client);
  handoffs.answered(SENDER, 1, 'taken');
  assert.deepEqual([client.isClosed, sent.length], [false, 1]);
});

test('what is on its way to a worker that ends has failed; what it had taken has not', () => {
  const { handoffs, sent } = setUp();
  handoffs.pass(SENDER, handoff, new NativeClient());
  handoffs.pass(SENDER, { ...handoff, id: 8 }, new NativeClient());
  handoffs.answered(RECEIVER, 1, 'taken');
  handoffs.gone(RECEIVER);
  assert.deepEqual(sent.at(-1), [SENDER, { type: 'handed', id: 8, how: 'failed' }, undefined]);
  assert.deepEqual(handoffs.counts, { taken: 1, refused: 0, failed: 1 });
});

for (const [what, to, hasClient] of [
  ['a slot without a worker', 5, true],
  ['itself', 0, true],
  ['a worker, without its handle', 1, false],
] as const) {
  test(`refused at once: to ${what}`, () => {
    const { handoffs, client, sent } = setUp();
    handoffs.pass(SENDER, { ...handoff, to }, hasClient ? client : undefined);
    assert.deepEqual(sent, [[SENDER, { type: 'handed', id: 7, how: 'refused' }, undefined]]);
    assert.equal(client.isClosed, hasClient);
  });
}

test('what its sender asks back is asked of who should have it, and what is not known goes back at once', () => {
  const { handoffs, client, sent } = setUp();
  handoffs.pass(SENDER, handoff, client);
  sent.length = 0;
  handoffs.recall(SENDER, 7);
  handoffs.recall(RECEIVER, 7);
  handoffs.recall(SENDER, 8);
  assert.deepEqual(sent, [
    [RECEIVER, { type: 'recall', id: 1 }, undefined],
    [RECEIVER, { type: 'handed', id: 7, how: 'refused' }, undefined],
    [SENDER, { type: 'handed', id: 8, how: 'refused' }, undefined],
  ]);
  assert.ok(!client.isClosed);
  handoffs.answered(RECEIVER, 1, 'refused');
  assert.ok(client.isClosed);
  assert.deepEqual(sent.at(-1), [SENDER, { type: 'handed', id: 7, how: 'refused' }, undefined]);
});

test('what cannot be sent has failed at once, and so has what is asked back of who cannot be asked', () => {
  const { handoffs, client, sent, closeChannel } = setUp();
  handoffs.pass(SENDER, handoff, client);
  closeChannel();
  sent.length = 0;
  const late = new NativeClient();
  handoffs.pass(SENDER, { ...handoff, id: 8 }, late);
  assert.deepEqual([client.isClosed, late.isClosed], [false, true], 'the first may have been taken');
  assert.deepEqual(sent, [[SENDER, { type: 'handed', id: 8, how: 'failed' }, undefined]]);
  handoffs.recall(SENDER, 7);
  assert.ok(client.isClosed);
  assert.deepEqual(sent.slice(1), [[SENDER, { type: 'handed', id: 7, how: 'failed' }, undefined]]);
  handoffs.gone(RECEIVER);
  assert.deepEqual(handoffs.counts, { taken: 0, refused: 0, failed: 2 });
});

test('closing closes what is on its way', () => {
  const { handoffs, client } = setUp();
  handoffs.pass(SENDER, handoff, client);
  handoffs.close();
  assert.ok(client.isClosed);
});

test('moves are counted apart, for each worker, until it is gone', () => {
  const { handoffs } = setUp();
  for (const [id, how] of [
    [1, 'taken'],
    [2, 'refused'],
    [3, 'taken'],
  ] as const) {
    handoffs.pass(SENDER, { ...handoff, id, move: 'drain' }, new NativeClient());
    handoffs.answered(RECEIVER, id, how);
  }
  handoffs.pass(SENDER, { ...handoff, to: 5, move: 'drain' }, new NativeClient());
  assert.deepEqual(handoffs.movesOf(SENDER), { out: 2, in: 0, failed: 2 });
  assert.deepEqual(handoffs.movesOf(RECEIVER), { out: 0, in: 2, failed: 0 });
  assert.deepEqual(handoffs.counts, { taken: 0, refused: 0, failed: 0 });
  handoffs.pass(SENDER, { ...handoff, id: 9, move: 'level' }, new NativeClient());
  handoffs.gone(RECEIVER);
  assert.deepEqual(handoffs.moves.drain, { taken: 2, refused: 2, failed: 0 });
  assert.deepEqual(handoffs.moves.level, { taken: 0, refused: 0, failed: 1 });
  assert.deepEqual(handoffs.movesOf(RECEIVER), { out: 0, in: 0, failed: 0 });
});

test('so many may wait for one worker, also for each worker behind another primary', () => {
  const { handoffs, sent } = setUp();
  const isTaken = (sender: number, worker?: number): boolean => {
    handoffs.pass(sender, { ...handoff, id: sent.length, move: 'upgrade' }, new NativeClient(), worker);
    const [receiver] = sent.at(-1) as [number];
    return receiver === RECEIVER;
  };
  const givers = [[SENDER], [OLD_PRIMARY, 5], [OLD_PRIMARY, 6]] as const;
  for (const [sender, worker] of givers) {
    for (let nth = 0; nth < MOST_UNANSWERED; nth++) assert.ok(isTaken(sender, worker), `${nth} of ${sender}`);
    assert.ok(!isTaken(sender, worker), `more of ${sender}`);
  }
  handoffs.answered(RECEIVER, MOST_UNANSWERED + 1, 'taken');
  assert.deepEqual([isTaken(SENDER), isTaken(OLD_PRIMARY, 6), isTaken(OLD_PRIMARY, 5)], [false, false, true]);
});

for (const giver of [SENDER, OLD_PRIMARY]) {
  test(`of one that gives and ends no copy stays, and the late answer is nobody's: ${giver}`, () => {
    const { handoffs, client, sent } = setUp();
    handoffs.pass(giver, handoff, client);
    handoffs.gone(giver);
    assert.ok(client.isClosed);
    sent.length = 0;
    handoffs.answered(RECEIVER, 1, 'taken');
    handoffs.gone(RECEIVER);
    assert.deepEqual(sent, []);
  });
}

test('a receiver that never answers gets no more than its share, however many give and end', () => {
  const { handoffs } = setUp();
  const clients: NativeClient[] = [];
  const open = (): number => clients.filter(({ isClosed }) => !isClosed).length;
  const give = (sender: number, count: number, worker?: number): void => {
    for (let id = 0; id < count; id++) {
      clients.push(new NativeClient());
      handoffs.pass(sender, { ...handoff, id }, clients.at(-1), worker);
    }
  };
  for (let sender = 10; sender < 20; sender++) {
    give(sender, MOST_UNANSWERED);
    handoffs.gone(sender);
  }
  assert.equal(open(), 0);
  for (let worker = 1; worker < 10; worker++) give(OLD_PRIMARY, MOST_UNANSWERED, worker);
  assert.equal(open(), MOST_UNANSWERED_OF_RECEIVER);
  handoffs.gone(RECEIVER);
  assert.equal(open(), 0);
});

test('what is still to be written to a receiver counts, however many give and end', () => {
  const { handoffs } = setUp();
  const clients: NativeClient[] = [];
  for (let sender = 10; sender < 20; sender++) {
    for (let id = 0; id < MOST_UNANSWERED; id++) {
      const client = Object.assign(new NativeClient(), { isHeld: true });
      clients.push(client);
      handoffs.pass(sender, { ...handoff, id }, client);
    }
    handoffs.gone(sender);
  }
  const refused = handoffs.counts.refused;
  assert.equal(clients.length - refused, MOST_UNANSWERED_OF_RECEIVER);
});

for (const end of ['answered', 'lost'] as const) {
  test(`what waits for the next primary stays open when its giver ends, and is asked for: ${end}`, () => {
    const { handoffs, client, sent } = setUp();
    handoffs.pass(SENDER, { ...handoff, to: 2, move: 'upgrade' }, client);
    sent.length = 0;
    handoffs.gone(SENDER);
    assert.deepEqual([client.isClosed, sent], [false, [[NEXT_PRIMARY, { type: 'recall', id: 1 }, undefined]]]);
    if (end === 'lost') handoffs.lost();
    else handoffs.answered(NEXT_PRIMARY, 1, 'taken');
    assert.deepEqual([client.isClosed, sent.length], [true, 1]);
    assert.equal(handoffs.moves.upgrade[end === 'lost' ? 'failed' : 'taken'], 1);
    assert.deepEqual(handoffs.movesOf(SENDER), { out: 0, in: 0, failed: 0 });
  });
}
