import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ReadFairness } from '../../../../src/worker/balancing/read-fairness.ts';

interface FakeSocket {
  isRead: boolean;
  readonly _handle: { reading: boolean; readStart(): void; readStop(): void };
}

interface Bench {
  readonly fairness: ReadFairness;
  readonly rest: (name: string) => void;
  readonly socketOf: (name: string) => FakeSocket;
  /** The names of the sockets that are read. */
  readonly read: () => string;
  /** The names in the order in which their sockets were read again. */
  readonly order: string[];
}

function setUp(names: string): Bench {
  const order: string[] = [];
  const sockets = new Map<string, FakeSocket>();
  for (const name of names) {
    const socket: FakeSocket = {
      isRead: true,
      _handle: {
        reading: true,
        readStart() {
          socket.isRead = true;
          order.push(name);
        },
        readStop: () => void (socket.isRead = false),
      },
    };
    sockets.set(name, socket);
  }
  const fairness = new ReadFairness();
  const socketOf = (name: string): FakeSocket => sockets.get(name)!;
  return {
    fairness,
    socketOf,
    order,
    rest: (name) => fairness.pauseOnce(socketOf(name) as unknown as Socket),
    read: () => [...sockets].flatMap(([name, { isRead }]) => (isRead ? [name] : [])).join(''),
  };
}

test('who was served is not read while the event loop asks once, and the others are', async () => {
  const { rest, read } = setUp('abc');
  rest('b');
  assert.equal(read(), 'ac');
  await turn();
  assert.equal(read(), 'ac', 'the event loop has not asked since');
  await turn();
  assert.equal(read(), 'abc');
});

test('several of one round are read again in the order in which they were served', async () => {
  const { rest, read, order } = setUp('abcd');
  for (const name of 'cab') rest(name);
  await turn();
  rest('d');
  assert.equal(read(), '');
  await turn();
  assert.deepEqual([read(), order.join('')], ['abc', 'cab']);
  await turn();
  assert.deepEqual([read(), order.join('')], ['abcd', 'cabd']);
});

test('it begins anew when it was over', async () => {
  const { rest, read } = setUp('ab');
  for (let round = 0; round < 3; round++) {
    rest('a');
    assert.equal(read(), 'b');
    for (let nth = 0; nth < 3; nth++) await turn();
    assert.equal(read(), 'ab');
  }
});

test('whom the application does not want to be read is left alone, before and after', async () => {
  const { rest, read, socketOf, order } = setUp('ab');
  socketOf('b')._handle.reading = false;
  rest('b');
  rest('a');
  assert.equal(read(), 'b');
  socketOf('a')._handle.reading = false;
  for (let nth = 0; nth < 3; nth++) await turn();
  assert.deepEqual(order, []);
});

test('one that closes while it rests is nothing to anybody', async () => {
  const { rest, read, socketOf } = setUp('ab');
  rest('a');
  rest('b');
  Object.assign(socketOf('a'), { _handle: null });
  for (let nth = 0; nth < 3; nth++) await turn();
  assert.equal(read(), 'b');
});

test('from the beginning of a drain on all are read, and none rests again', async () => {
  const { rest, read, fairness } = setUp('abc');
  rest('a');
  await turn();
  rest('b');
  fairness.close();
  assert.equal(read(), 'abc');
  rest('c');
  assert.equal(read(), 'abc');
  for (let nth = 0; nth < 3; nth++) await turn();
  assert.equal(read(), 'abc');
});
