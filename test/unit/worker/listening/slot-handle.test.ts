import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeHandle } from '../../../../src/listeners/native.ts';
import { SlotHandle } from '../../../../src/worker/listening/slot-handle.ts';

class FakeSocket implements NativeHandle {
  onconnection: NativeHandle['onconnection'] = null;
  readonly fd = 1;
  isListening = false;
  isClosed = false;
  backlog: number | undefined;

  listen(backlog: number): number {
    this.isListening = true;
    this.backlog = backlog;
    return 0;
  }

  /** The kernel has a connection for the process that accepts from this socket. */
  connect(): void {
    assert.ok(!this.isClosed, 'nobody accepts from it');
    this.onconnection?.(0, { close() {} });
  }

  close(): void {
    this.isClosed = true;
  }

  ref(): void {}
  unref(): void {}
}

const OWN = 3;

/** A handle that listens, its socket, and the events that it has told. */
function setUp({ isParked = false } = {}): { handle: SlotHandle; socket: FakeSocket; told: string[] } {
  const socket = new FakeSocket();
  const told: string[] = [];
  const handle = new SlotHandle({ listener: 1, slot: OWN, isParked }, socket, {
    listening: () => told.push('listening'),
    closed: () => told.push(socket.isClosed ? 'closed' : 'closed too early'),
    returned: () => told.push('returned'),
    opened: () => told.push('opened'),
    parked: (isParked) => told.push(isParked ? 'parked' : 'unparked'),
  });
  handle.listen(511);
  return { handle, socket, told };
}

function adopt(handle: SlotHandle, slot: number): FakeSocket {
  const socket = new FakeSocket();
  handle.adopt(slot, socket);
  return socket;
}

test('an adopted socket is listened on, and returned when it is released, once', () => {
  const { handle, told } = setUp();
  const adopted = adopt(handle, 0);
  assert.ok(adopted.isListening);
  handle.release(0);
  handle.release(0);
  assert.ok(adopted.isClosed);
  assert.deepEqual(told, ['listening', 'returned']);
});

for (const how of ['close', 'detach'] as const) {
  test(`${how} closes the own socket and returns the adopted ones, each told once`, () => {
    const { handle, socket, told } = setUp();
    const adopted = [adopt(handle, 0), adopt(handle, 1)];
    handle[how]();
    assert.ok(socket.isClosed && adopted.every(({ isClosed }) => isClosed));
    handle.close();
    handle.release(0);
    assert.deepEqual(told, ['listening', 'returned', 'returned', 'closed']);
  });

  test(`what comes to be adopted after ${how} is returned at once`, () => {
    const { handle, told } = setUp();
    handle[how]();
    const late = adopt(handle, 0);
    assert.ok(late.isClosed && !late.isListening);
    assert.deepEqual(told, ['listening', 'closed', 'returned']);
    handle.close();
  });
}

test('a second copy of a socket that is adopted already is returned', () => {
  const { handle, told } = setUp();
  const first = adopt(handle, 0);
  const second = adopt(handle, 0);
  assert.ok(second.isClosed && !first.isClosed);
  assert.deepEqual(told, ['listening', 'returned']);
});

test('a handle that is parked from the start listens when it is told to accept, on the socket that it has', () => {
  const { handle, socket, told } = setUp({ isParked: true });
  assert.ok(!socket.isListening && !handle.isAccepting);
  assert.ok(adopt(handle, 0).isClosed, 'and takes no other');
  handle.accept();
  handle.accept();
  assert.ok(socket.isListening && handle.isAccepting);
  assert.deepEqual(told, ['opened', 'returned', 'unparked', 'listening']);
  handle.close();
});

test('one that is told to accept before the server listens is parked no more by then', () => {
  const socket = new FakeSocket();
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const handle = new SlotHandle({ listener: 1, slot: OWN, isParked: true }, socket, {
    listening: tell('listening'),
    opened: tell('opened'),
    closed: tell('closed'),
    returned: tell('returned'),
    parked: tell('unparked'),
  });
  handle.accept();
  assert.ok(!socket.isListening);
  handle.listen(511);
  assert.ok(socket.isListening);
  assert.deepEqual(told, ['unparked', 'listening']);
  handle.close();
});

test('parking closes the own socket without giving it back, and accepting takes a new copy', () => {
  const { handle, socket, told } = setUp();
  handle.park();
  assert.ok(socket.isClosed && !handle.isAccepting);
  const again = new FakeSocket();
  handle.accept(again);
  assert.ok(again.isListening && handle.isAccepting);
  assert.deepEqual(told, ['listening', 'parked', 'unparked', 'listening']);
  handle.close();
  assert.ok(again.isClosed);
  assert.equal(told.at(-1), 'closed');
});

for (const how of ['close', 'detach'] as const) {
  test(`${how} of a parked handle gives its place back, once, and takes no socket any more`, () => {
    const { handle, told } = setUp();
    handle.park();
    handle[how]();
    const late = new FakeSocket();
    handle.accept(late);
    assert.ok(late.isClosed && !late.isListening);
    handle.close();
    assert.deepEqual(told, ['listening', 'parked', 'closed']);
  });
}

test('a queue that a child accepts from is narrow until the socket is closed here', () => {
  for (const leave of [
    (handle: SlotHandle) => handle.detach(),
    (handle: SlotHandle, { own, adopted }: Record<'own' | 'adopted', FakeSocket>) => {
      handle.closeBehindNext();
      for (const socket of [own, adopted]) socket.connect();
    },
  ]) {
    const { handle, socket: own } = setUp();
    const adopted = adopt(handle, 0);
    assert.equal(handle.lend(), own);
    handle.narrow();
    assert.deepEqual([own.backlog, adopted.backlog], [0, 0]);
    leave(handle, { own, adopted });
    assert.deepEqual([own.backlog, adopted.backlog], [511, 511]);
    assert.ok(own.isClosed && adopted.isClosed);
    handle.close();
  }
});

test('a queue that only workers accept from stays narrow: the last of them to leave would reset who comes meanwhile', () => {
  const { handle, socket } = setUp();
  handle.narrow();
  handle.closeBehindNext();
  socket.connect();
  assert.deepEqual([socket.backlog, socket.isClosed], [0, true]);
  handle.close();
});

test('each socket is closed behind the connection that comes next, before that is served, and the handle detached behind the last', () => {
  const { handle, socket, told } = setUp();
  const adopted = adopt(handle, 0);
  const served: boolean[] = [];
  handle.onconnection = () => served.push(socket.isClosed);
  socket.connect();
  handle.closeBehindNext();
  socket.connect();
  assert.ok(handle.isAccepting && !adopted.isClosed);
  assert.deepEqual(told, ['listening']);
  adopted.connect();
  assert.ok(!handle.isAccepting && adopted.isClosed);
  assert.deepEqual(told, ['listening', 'returned', 'closed']);
  assert.deepEqual(served, [false, true, true]);
  handle.close();
});
