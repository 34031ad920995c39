import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonic } from '../../../../src/scoreboard/clock.ts';
import { Handoffs } from '../../../../src/worker/balancing/handoffs.ts';
import type { SlotHandle } from '../../../../src/worker/listening/slot-handle.ts';
import { FakeClient, FakeLink, slotHandle } from './handoff-helpers.ts';

const [OWN, OTHER, LISTENER] = [0, 2, 7];

interface Bench {
  readonly link: FakeLink;
  readonly handoffs: Handoffs;
  readonly handle: SlotHandle;
  readonly served: unknown[];
  /** The figures that a row would have had, each time that there was something new. */
  readonly told: Array<{ coming: number; arriving: number; arrived: number; served: number }>;
  /** Sends a connection, as a balancer does. */
  readonly send: () => FakeClient;
}

function setUp(): Bench {
  const link = new FakeLink();
  const { handle, served } = slotHandle(LISTENER);
  const told: Bench['told'] = [];
  const handoffs = new Handoffs({
    link,
    taker: (listener) => (listener === LISTENER ? handle : undefined),
  });
  handoffs.whenChanged(() => {
    const { unanswered, arrived } = handoffs.pairs;
    const [coming, came] = [unanswered[OTHER]!, arrived[OTHER]!];
    told.push({ coming, arriving: handoffs.arriving, arrived: came, served: served.length });
  });
  const send = (): FakeClient => {
    const client = new FakeClient();
    handoffs.claim(OTHER);
    assert.ok(handoffs.send(client, handle, OWN, OTHER));
    return client;
  };
  return { link, handoffs, handle, served, told, send };
}

test('what is sent is told before it leaves, and kept until it is answered', () => {
  const { link, handoffs, send, told } = setUp();
  const client = send();
  assert.deepEqual(told, [{ coming: 1, arriving: 0, arrived: 0, served: 0 }]);
  assert.deepEqual(link.messages, [{ type: 'handoff', id: 1, to: OTHER, listener: LISTENER, from: OWN, nth: 1 }]);
  assert.equal(link.sent[0]!.handle, client);
  assert.deepEqual([client.isClosed, handoffs.pending], [false, 1]);
});

test('taken: this copy is closed, and nothing is served here', () => {
  const { link, handoffs, send, served } = setUp();
  const client = send();
  link.hear({ type: 'handed', id: 1, how: 'taken' });
  link.hear({ type: 'handed', id: 1, how: 'taken' });
  assert.deepEqual([client.isClosed, served.length, handoffs.sent, handoffs.pending], [true, 0, 1, 0]);
  assert.equal(handoffs.pairs.unanswered[OTHER], 0);
});

for (const how of ['refused', 'failed'] as const) {
  test(`${how}: it is served here, once, and the other is left alone for a while`, () => {
    const { link, handoffs, send, served } = setUp();
    const client = send();
    link.hear({ type: 'handed', id: 1, how });
    link.hear({ type: 'handed', id: 1, how });
    assert.deepEqual([served, client.isClosed, handoffs[how], handoffs.pending], [[client], false, 1, 0]);
    const pause = handoffs.closedUntil[OTHER]! - monotonic();
    assert.ok(pause > 0 && pause <= 250, `${pause}`);
  });
}

test('what comes back to a server that was closed meanwhile is closed', () => {
  const { link, handle, send, served } = setUp();
  const client = send();
  handle.close();
  link.hear({ type: 'handed', id: 1, how: 'refused' });
  assert.deepEqual([client.isClosed, served.length], [true, 0]);
});

test('a claim that is taken back is as if it had not been, and told', () => {
  const { handoffs, told } = setUp();
  handoffs.claim(OTHER);
  handoffs.unclaim(OTHER);
  assert.deepEqual(
    told.map(({ coming }) => coming),
    [1, 0],
  );
  assert.equal(handoffs.pairs.sent[OTHER], 0);
});

test('without a channel nothing is sent, nor counted', () => {
  const { link, handoffs, handle } = setUp();
  link.isOpen = false;
  handoffs.claim(OTHER);
  assert.ok(!handoffs.send(new FakeClient(), handle, OWN, OTHER));
  assert.deepEqual([handoffs.pending, handoffs.pairs.unanswered[OTHER]], [0, 0]);
});

test('what arrives is told to all, then taken, and served when that has left: never before', () => {
  const { link, handoffs, served, told } = setUp();
  const client = new FakeClient();
  link.hear({ type: 'handoff', id: 5, listener: LISTENER, from: OTHER, nth: 9 }, client);
  assert.deepEqual(told, [{ coming: 0, arriving: 1, arrived: 9, served: 0 }]);
  assert.deepEqual([link.messages, served.length], [[{ type: 'taken', id: 5 }], 0]);
  link.sent[0]!.written!(null);
  assert.deepEqual([served, handoffs.received, handoffs.arriving, client.isClosed], [[client], 1, 0, false]);
});

test('what was said to be taken, but could not be told, is not served: its sender will', () => {
  const { link, served, handoffs } = setUp();
  const client = new FakeClient();
  link.hear({ type: 'handoff', id: 5, listener: LISTENER, from: OTHER, nth: 1 }, client);
  link.sent[0]!.written!(new Error('EPIPE'));
  assert.deepEqual([client.isClosed, served.length, handoffs.arriving, handoffs.received], [true, 0, 0, 0]);
});

test('when the channel closes, what is on its way is closed, either way, and nothing is waited for', () => {
  const { link, handoffs, send, served } = setUp();
  const [sent, taken] = [send(), new FakeClient()];
  link.hear({ type: 'handoff', id: 5, listener: LISTENER, from: OTHER, nth: 1 }, taken);
  assert.deepEqual([handoffs.pending, handoffs.arriving], [2, 1]);
  process.emit('disconnect');
  assert.deepEqual([sent.isClosed, taken.isClosed], [true, true]);
  assert.deepEqual([handoffs.pending, handoffs.arriving, handoffs.pairs.unanswered[OTHER]], [0, 0, 0]);
  link.sent.at(-1)!.written!(null);
  assert.deepEqual([served.length, handoffs.arriving, handoffs.received], [0, 0, 0]);
});

test('when the channel closes, what was to move closes later: its client may still be reading its last answer', async () => {
  const { link, handoffs, handle } = setUp();
  const client = new FakeClient();
  handoffs.claim(OTHER, 'moved');
  assert.ok(
    handoffs.send(client, handle, OWN, OTHER, { reason: 'drain', ended: () => assert.fail('it has not ended') }),
  );
  process.emit('disconnect');
  assert.deepEqual([client.isClosed, handoffs.pending], [false, 1]);
  link.hear({ type: 'handed', id: 1, how: 'refused' });
  assert.equal(client.isClosed, false, 'a worker that has taken it may serve it');
  await delay(1100);
  assert.deepEqual([client.isClosed, handoffs.pending], [true, 0]);
});

test('those that come from a worker that leaves are counted among those that came, and those that were just accepted are not', () => {
  const { link, handoffs } = setUp();
  const reasons = ['drain', 'level', 'heat', 'upgrade', undefined] as const;
  for (const [nth, move] of reasons.entries()) {
    const header = { id: nth, listener: LISTENER, from: OTHER, nth, ...(move && { move }) };
    link.hear({ type: 'handoff', ...header }, new FakeClient());
    link.sent.at(-1)!.written!(null);
  }
  assert.deepEqual([handoffs.moves.in, handoffs.moves.fromLeavers, handoffs.received], [4, 2, 1]);
});

test('what is for a listener that this worker does not serve is refused and closed', () => {
  const { link, served } = setUp();
  const client = new FakeClient();
  link.hear({ type: 'handoff', id: 5, listener: LISTENER + 1, from: OTHER, nth: 1 }, client);
  assert.deepEqual([link.messages, client.isClosed, served.length], [[{ type: 'refused', id: 5 }], true, 0]);
});

test('what nothing is heard of is asked back once, and whoever could not have it is left alone for long', async () => {
  const { link, handoffs, send, served } = setUp();
  const client = send();
  await delay(600);
  send();
  await delay(1700);
  assert.deepEqual(
    link.messages.filter(({ type }) => type === 'recall'),
    [
      { type: 'recall', id: 1 },
      { type: 'recall', id: 2 },
    ],
  );
  assert.equal(served.length, 0);
  link.hear({ type: 'handed', id: 1, how: 'refused' });
  assert.deepEqual(served, [client]);
  assert.ok(handoffs.closedUntil[OTHER]! - monotonic() > 5000);
});

test('what is answered in time is not asked back', async () => {
  const { link, send } = setUp();
  send();
  link.hear({ type: 'handed', id: 1, how: 'taken' });
  await delay(1200);
  assert.deepEqual(
    link.messages.map(({ type }) => type),
    ['handoff'],
  );
});

test('asked back, a worker refuses: what it had taken it has said before', () => {
  const { link } = setUp();
  link.hear({ type: 'recall', id: 5 });
  assert.deepEqual(link.messages, [{ type: 'refused', id: 5 }]);
});

test('a connection that its sender has set to block does not block here', () => {
  const { link, served } = setUp();
  const client = Object.assign(new FakeClient(), { isBlocking: true });
  link.hear({ type: 'handoff', id: 5, listener: LISTENER, from: OTHER, nth: 1 }, client);
  link.sent[0]!.written!(null);
  assert.deepEqual([served, client.isBlocking], [[client], false]);
});
