import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeHandle } from '../../../src/listeners/native.ts';
import { SlotHandle } from '../../../src/worker/slot-handle.ts';

class FakeSocket implements NativeHandle {
  onconnection: NativeHandle['onconnection'] = null;
  readonly fd = 1;
  isListening = false;
  isClosed = false;

  listen(): number {
    this.isListening = true;
    return 0;
  }

  close(): void {
    this.isClosed = true;
  }

  ref(): void {}
  unref(): void {}
}

const OWN = 3;

/** A handle that listens, its socket, and what it has told. */
function setUp(): { handle: SlotHandle; socket: FakeSocket; told: string[] } {
  const socket = new FakeSocket();
  const told: string[] = [];
  const handle = new SlotHandle({ listener: 1, slot: OWN }, socket, {
    listening: () => told.push('listening'),
    closed: () => told.push(socket.isClosed ? 'closed' : 'closed too early'),
    returned: () => told.push('returned'),
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
    assert.deepEqual(told, ['listening', 'closed', 'returned', 'returned']);
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
