import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { ListenQuery } from '../../../src/contract/listening.ts';
import { BindError, Listener, type BindTcp, type TcpQuery } from '../../../src/listeners/listener.ts';
import { bindTcp, type Bound, type NativeHandle } from '../../../src/listeners/native.ts';

const EACCES = -constants.errno.EACCES;
const query: ListenQuery = {
  address: '127.0.0.1',
  port: 80,
  family: 4,
  ipv6Only: false,
  ordinal: 0,
  readableAll: false,
  writableAll: false,
  data: undefined,
};

class FakeHandle {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

/** Another process that binds. It answers when the test says so. */
class Remote {
  readonly asked: TcpQuery[] = [];
  readonly #answers: Array<(bound: Bound) => void> = [];
  readonly bind: BindTcp = (wanted) => {
    this.asked.push(wanted);
    return new Promise((resolve) => this.#answers.push(resolve));
  };

  async answers(what: FakeHandle | number): Promise<void> {
    while (this.#answers.length === 0) await new Promise(setImmediate);
    const { address, port, family } = this.asked.at(-1)!;
    const bound =
      typeof what === 'number' ? { errno: what } : { handle: what as unknown as NativeHandle, address, port, family };
    this.#answers.shift()!(bound);
  }
}

/** Opens a listener that another process bound, with a socket in slot 0. */
async function opened(remote: Remote): Promise<{ listener: Listener; first: FakeHandle }> {
  const [probe, first] = [new FakeHandle(), new FakeHandle()];
  const opening = Listener.open(1, query, 0, { sharing: 'reuseport', bind: remote.bind });
  await remote.answers(probe);
  await remote.answers(first);
  const listener = await opening;
  assert.ok(probe.isClosed, 'that the port is free is found out without the flag');
  assert.deepEqual(
    remote.asked.map(({ reuseport }) => reuseport),
    [false, true],
  );
  return { listener, first };
}

test('a slot’s socket is bound by another process, once', async () => {
  const remote = new Remote();
  const { listener, first } = await opened(remote);
  await listener.provide(0);
  assert.equal(remote.asked.length, 2);
  const second = new FakeHandle();
  const provided = listener.provide(1);
  await remote.answers(second);
  await provided;
  assert.deepEqual(remote.asked.at(-1), {
    address: '127.0.0.1',
    port: 80,
    family: 4,
    ipv6Only: false,
    reuseport: true,
  });
  assert.equal(listener.socket(1), second as unknown as NativeHandle);
  listener.close();
  assert.ok(first.isClosed && second.isClosed);
});

test('closed meanwhile: what comes is closed', async () => {
  const remote = new Remote();
  const { listener } = await opened(remote);
  const provided = listener.provide(1);
  listener.close();
  const late = new FakeHandle();
  await remote.answers(late);
  await provided;
  assert.ok(late.isClosed);
  assert.throws(() => listener.socket(1), /has no socket for slot 1/);
});

test('a socket that is refused leaves the others as they are', async () => {
  const remote = new Remote();
  const { listener, first } = await opened(remote);
  const provided = assert.rejects(listener.provide(1), (error) => error instanceof BindError && error.errno === EACCES);
  await remote.answers(EACCES);
  await provided;
  assert.equal(first.isClosed, false);
  assert.throws(() => listener.socket(1));
  assert.equal(listener.socket(0), first as unknown as NativeHandle);
});

test('an address that is refused at once is not asked for again', async () => {
  const remote = new Remote();
  const opening = Listener.open(1, query, 0, { sharing: 'reuseport', bind: remote.bind });
  const refused = assert.rejects(opening, (error) => error instanceof BindError && error.errno === EACCES);
  await remote.answers(EACCES);
  await refused;
  assert.equal(remote.asked.length, 1);
});

test('one socket for all needs no other', async () => {
  const remote = new Remote();
  const opening = Listener.open(1, query, 0, { sharing: 'shared', bind: remote.bind });
  const only = new FakeHandle();
  await remote.answers(only);
  const listener = await opening;
  await listener.provide(5);
  assert.equal(listener.socket(5), only as unknown as NativeHandle);
  assert.equal(remote.asked.length, 1);
});

test('a socket that a worker has set to block does not block when the next one gets it, nor after a look', async () => {
  const bound = bindTcp('127.0.0.1', 0, 4);
  assert.ok('handle' in bound);
  const calls: boolean[] = [];
  bound.handle.setBlocking = (isBlocking) => calls.push(isBlocking);
  const listener = await Listener.open(1, { ...query, port: bound.port }, 0, { sharing: 'shared', bind: () => bound });
  listener.socket(1);
  assert.deepEqual(calls, [false]);
  listener.unblock();
  assert.deepEqual(calls, [false, false]);
  listener.close();
});
