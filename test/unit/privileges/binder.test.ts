import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { BinderRequest, BindQuery } from '../../../src/privileges/binder-messages.ts';
import { Binder, type Inherited } from '../../../src/privileges/binder.ts';

const EACCES = -constants.errno.EACCES;
const EADDRINUSE = -constants.errno.EADDRINUSE;

const query: BindQuery = {
  transport: 'tcp',
  address: '127.0.0.1',
  port: 80,
  family: 4,
  reuseport: true,
  ipv6Only: false,
};

class FakeHandle {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

/** A channel whose other end is the test. */
class FakeLine extends EventEmitter {
  connected = true;
  readonly sent: BinderRequest[] = [];
  readonly send = (request: BinderRequest): boolean => this.sent.push(request) > 0;

  disconnect(): void {
    this.connected = false;
    this.emit('disconnect');
  }

  /** Answers the n-th question. */
  answer(nth: number, errno: number, handle?: FakeHandle): void {
    this.emit('message', { binder: 'bound', id: this.#id(nth), errno }, handle);
  }

  #id(nth: number): string {
    return (this.sent[nth - 1] as { id: string }).id;
  }
}

function setUp(next?: Inherited): { line: FakeLine; binder: Binder; lost: string[] } {
  const line = new FakeLine();
  const binder = new Binder(line, next);
  const lost: string[] = [];
  binder.onLost(() => void lost.push('lost'));
  return { line, binder, lost };
}

test('what the binder would drop is answered at once, and not sent', async () => {
  const { line, binder } = setUp();
  for (const address of ['fe80::1%a b', 'x'.repeat(1000), '127.0.0.1\n'])
    assert.deepEqual(await binder.bind({ ...query, address, family: 6 }), { errno: EACCES });
  assert.deepEqual(line.sent, []);
});

test('each question gets its own answer, in whichever order they come', async () => {
  const { line, binder } = setUp();
  const answers = [binder.bind(query), binder.bind({ ...query, port: 443 }), binder.bind({ ...query, port: 22 })];
  const [first, second] = [new FakeHandle(), new FakeHandle()];
  line.answer(2, 0, second);
  line.answer(3, EACCES);
  line.answer(1, 0, first);
  const { address, family } = query;
  assert.deepEqual(await Promise.all(answers), [
    { handle: first, address, port: 80, family },
    { handle: second, address, port: 443, family },
    { errno: EACCES },
  ]);
});

test('an error of the kernel’s is passed on', async () => {
  const { line, binder } = setUp();
  const bound = binder.bind(query);
  line.answer(1, EADDRINUSE);
  assert.deepEqual(await bound, { errno: EADDRINUSE });
});

test('success without a handle is none', async () => {
  const { line, binder } = setUp();
  const bound = binder.bind(query);
  line.answer(1, 0);
  assert.deepEqual(await bound, { errno: EACCES });
});

test('an answer that nobody waits for closes its handle', async () => {
  const { line, binder } = setUp();
  const handle = new FakeHandle();
  line.emit('message', { binder: 'bound', id: 'another primary’s', errno: 0 }, handle);
  assert.ok(handle.isClosed);
  const bound = binder.bind(query);
  line.answer(1, 0, new FakeHandle());
  const twice = new FakeHandle();
  line.answer(1, 0, twice);
  assert.ok(twice.isClosed);
  assert.ok('handle' in (await bound));
});

test('what is no answer is nothing', async () => {
  const { line, binder } = setUp();
  const bound = binder.bind(query);
  for (const message of [null, 'bound', { binder: 'bound' }, { binder: 'bound', id: 7, errno: 0 }]) {
    line.emit('message', message);
  }
  line.answer(1, EADDRINUSE);
  assert.deepEqual(await bound, { errno: EADDRINUSE });
});

test('a binder that ends refuses what waits and what comes, and says so once', async () => {
  const { line, binder, lost } = setUp();
  const waiting = binder.bind(query);
  line.disconnect();
  assert.deepEqual(await waiting, { errno: EACCES });
  assert.deepEqual(await binder.bind(query), { errno: EACCES });
  assert.deepEqual(lost, ['lost']);
  assert.equal(line.sent.length, 1);
});

test('one that has said farewell is not missed', async () => {
  const { line, binder, lost } = setUp();
  line.emit('message', { binder: 'done' });
  line.disconnect();
  assert.deepEqual(lost, []);
  assert.deepEqual(await binder.bind(query), { errno: EACCES });
});

test('one that does not answer is not waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { line, binder } = setUp();
  const bound = binder.bind(query);
  t.mock.timers.tick(5000);
  assert.deepEqual(await bound, { errno: EACCES });
  const late = new FakeHandle();
  line.answer(1, 0, late);
  assert.ok(late.isClosed);
});

test('closing refuses what waits, and is not a loss', async () => {
  const { line, binder, lost } = setUp();
  const waiting = binder.bind(query);
  binder.close();
  binder.close();
  assert.deepEqual(await waiting, { errno: EACCES });
  assert.equal(line.connected, false);
  assert.deepEqual(lost, []);
  assert.equal(line.listenerCount('message'), 0);
});

test('at a stop the binder is told to end, once', () => {
  const { line, binder } = setUp();
  binder.end();
  binder.end();
  assert.deepEqual(line.sent, [{ binder: 'end' }]);
  assert.equal(line.connected, false);
});

test('the primary that has succeeded this one is named to it, and it is not ended', () => {
  const { line, binder } = setUp();
  binder.leaveTo(4711);
  binder.end();
  assert.deepEqual(line.sent, [{ binder: 'follow', pid: 4711 }]);
  assert.equal(line.connected, false);
});

test('a next primary that gives up does not end it', () => {
  const { line, binder } = inherited();
  binder.end();
  assert.deepEqual(line.sent, []);
});

test('what is said of ports', () => {
  const { line, binder } = setUp();
  binder.restrict([80]);
  binder.seal();
  assert.deepEqual(line.sent, [{ binder: 'restrict', ports: [80] }, { binder: 'seal' }]);
});

/** Makes a binder on the channel of the previous primary. The line's own channel takes over when that one has left. */
function inherited(canOpen = true): ReturnType<typeof setUp> & { opened: number[] } {
  const opened: number[] = [];
  const setup = setUp({
    fd: 7,
    open: (fd) => {
      opened.push(fd);
      setup.line.connected = canOpen;
      return canOpen;
    },
  });
  return { ...setup, opened };
}

test('when the primary before has left, this one names itself, and asks again what waits', async () => {
  const { line, binder, lost, opened } = inherited();
  assert.equal(binder.fd, 7);
  const waiting = binder.bind(query);
  line.disconnect();
  assert.deepEqual(opened, [7]);
  assert.deepEqual(line.sent[1], { binder: 'follow', pid: process.pid }, 'the primary before may have been killed');
  assert.deepEqual(line.sent[2], line.sent[0]);
  const handle = new FakeHandle();
  line.answer(3, 0, handle);
  assert.deepEqual(await waiting, { handle, address: query.address, port: 80, family: 4 });
  assert.deepEqual(lost, []);
  line.disconnect();
  assert.deepEqual(opened, [7], 'there is no third');
  assert.deepEqual(lost, ['lost']);
});

test('what is asked between the two is asked when the channel goes on', async () => {
  const { line, binder } = inherited();
  line.connected = false;
  const waiting = binder.bind(query);
  assert.deepEqual(line.sent, []);
  line.disconnect();
  line.answer(2, EADDRINUSE);
  assert.deepEqual(await waiting, { errno: EADDRINUSE });
});

test('the primary before may be gone already', async () => {
  const line = new FakeLine();
  line.connected = false;
  const binder = new Binder(line, { fd: 7, open: () => (line.connected = true) });
  // A late event of the previous channel does not end the new one.
  line.emit('disconnect');
  assert.deepEqual(line.sent, [{ binder: 'follow', pid: process.pid }]);
  const waiting = binder.bind(query);
  line.answer(2, EADDRINUSE);
  assert.deepEqual(await waiting, { errno: EADDRINUSE });
});

test('a node that cannot open it has no binder any more', async () => {
  const { line, binder, lost } = inherited(false);
  const waiting = binder.bind(query);
  line.disconnect();
  assert.deepEqual(await waiting, { errno: EACCES });
  assert.deepEqual(lost, ['lost']);
});
