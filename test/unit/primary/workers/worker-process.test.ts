import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import type { ExitFacts } from '../../../../src/primary/exits/exit.ts';
import { WorkerProcess, type LivingMessage } from '../../../../src/primary/workers/worker-process.ts';
import { FakeChild } from './fake-os.ts';

/** A handle of a connection, or of another kind. */
class Handle {
  closed = 0;
  /** The class is recognised by its name, like Node's own. */
  static {
    Object.defineProperty(this, 'name', { value: 'Pipe' });
  }

  close(): void {
    this.closed++;
  }
}

interface Heard {
  readonly message: LivingMessage;
  readonly handle: unknown;
}

interface Bench {
  readonly child: FakeChild;
  readonly heard: Heard[];
  readonly bad: unknown[];
  readonly unheard: unknown[];
  readonly ends: ExitFacts[];
}

function setUp(): Bench {
  const child = new FakeChild(1001);
  const heard: Heard[] = [];
  const bad: unknown[] = [];
  const unheard: unknown[] = [];
  const ends: ExitFacts[] = [];
  const worker = new WorkerProcess(1, 0, child as unknown as ChildProcess, {
    message: (_worker, message, handle) => void heard.push({ message, handle }),
    offended: (_worker, { body }) => void bad.push(body),
    dropped: () => {},
    unheard: (_worker, message) => void unheard.push(message),
    exited: (_worker, exit) => void ends.push(exit),
  });
  assert.equal(worker.id, 1);
  return { child, heard, bad, unheard, ends };
}

const handoff = { type: 'handoff', id: 1, to: 0, listener: 1, from: 1, nth: 1 } as const;

test('the connection that comes with a handoff is passed on as it is', () => {
  const { child, heard } = setUp();
  const handle = new Handle();
  child.say(handoff, handle);
  assert.deepEqual(heard, [{ message: handoff, handle }]);
  assert.equal(handle.closed, 0);
});

for (const [what, body] of [
  ['is not understood', { ...handoff, to: 'nowhere' }],
  ['has no use for it', { type: 'ready' }],
  ['is its last', { type: 'lastWords', error: '', stderr: '' }],
] as const) {
  test(`a connection that comes with a message that ${what} is closed: nobody else would`, () => {
    const { child } = setUp();
    const handle = new Handle();
    child.say(body as never, handle);
    assert.equal(handle.closed, 1);
  });
}

const killed = { code: null, signal: 'SIGKILL', lastWords: undefined };

for (const last of ['disconnect', 'close']) {
  test(`the end is told when the channel has closed, once: 'exit' first, then '${last}'`, () => {
    const { child, ends } = setUp();
    child.emit('exit', null, 'SIGKILL');
    assert.deepEqual(ends, [], 'it may still have said something');
    child.connected = false;
    child.emit(last);
    assert.deepEqual(ends, [killed]);
    child.emit('close');
    assert.deepEqual(ends, [killed]);
  });
}

test('the end is told although a process that the worker has started keeps the channel open', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { child, heard, ends } = setUp();
  child.emit('exit', null, 'SIGKILL');
  t.mock.timers.tick(1000);
  child.say({ type: 'ready' });
  assert.deepEqual([heard.length, ends], [1, []], 'what it has said may still come');
  t.mock.timers.tick(2000);
  assert.equal(child.connected, false);
  assert.deepEqual(ends, [killed]);
});

test("the end is told when the channel has closed, once: first the channel, then 'exit'", () => {
  const { child, ends } = setUp();
  child.connected = false;
  child.emit('disconnect');
  assert.deepEqual(ends, []);
  child.emit('exit', null, 'SIGKILL');
  child.emit('close');
  const [{ disconnectedFor, ...end } = { disconnectedFor: undefined }, ...more] = ends;
  assert.deepEqual([end, more], [killed, []]);
  assert.ok(disconnectedFor! > 0, 'how long it had closed its channel before');
});

test('what an application sends is told, unless it is the word ready, or the program in the primary listens', () => {
  const { child, heard, unheard } = setUp();
  child.emit('message', 'ready');
  assert.deepEqual([heard.map(({ message }) => message.type), unheard], [['ready'], []]);
  child.emit('message', { topic: 'log4js:message' });
  assert.deepEqual(unheard, [{ topic: 'log4js:message' }]);
  child.on('message', () => {});
  child.emit('message', { of: 'its own' });
  assert.equal(unheard.length, 1);
});

/** Returns a worker whose child has not acknowledged a handle, and what waits behind that, as Node keeps it. */
function withHandle(waiting: number): { readonly worker: WorkerProcess; readonly queue: unknown[] } {
  const queue: unknown[] = Array.from({ length: waiting });
  const child = Object.assign(new FakeChild(1001), {
    _handleQueue: queue,
    send: (message: unknown) => queue.push(message) > 0,
  });
  const ignore = (): void => {};
  const events = { message: ignore, offended: ignore, dropped: ignore, unheard: ignore, exited: ignore };
  return { worker: new WorkerProcess(1, 0, child as unknown as ChildProcess, events), queue };
}

test('no connection is handed on to a worker that acknowledges no handle, when some hundreds wait', () => {
  assert.equal(withHandle(0).worker.hasRoom, true);
  assert.equal(withHandle(1000).worker.hasRoom, false);
});

test('what the half sends to a worker that acknowledges no handle is bounded, by its number and by its length', () => {
  const [short, long] = [withHandle(0), withHandle(0)];
  let passed = 0;
  for (let nth = 0; nth < 100_000; nth++) if (short.worker.tell('')) passed++;
  assert.equal(passed, short.queue.length, 'what is dropped is told');
  assert.ok(short.queue.length > 1000 && short.queue.length < 4096, `${short.queue.length} messages`);
  passed = 0;
  for (let nth = 0; nth < 100; nth++) if (long.worker.tell('x'.repeat(100_000))) passed++;
  assert.equal(passed, long.queue.length, 'what is dropped is told');
  assert.ok(long.queue.length > 10 && long.queue.length < 30, `${long.queue.length} messages`);
});

test('the answers to moves are counted one by one behind a handle', () => {
  const { worker, queue } = withHandle(0);
  for (let id = 0; id < 10; id++) worker.send({ type: 'handed', id, how: 'refused', isMove: true });
  assert.equal(queue.length, 10);
});

/** Returns a worker that is asked whether it keeps descriptors back, and what it is told and blamed for. */
function asked(
  isOtherCode = false,
  says: object = {},
): { worker: WorkerProcess; child: FakeChild; told: () => string[]; blamed: string[] } {
  const channel = { onread: () => {}, pendingHandle: null, writeQueueSize: 0, bytesRead: 0 };
  const child = Object.assign(new FakeChild(1001), { [Symbol('kChannelHandle')]: channel });
  const blamed: string[] = [];
  const ignore = (): void => {};
  const offended = (_worker: number, { what, isLast }: { what: string; isLast: boolean }): void =>
    void blamed.push(`${what}${isLast ? '!' : ''}`);
  const events = { message: ignore, dropped: ignore, unheard: ignore, exited: ignore, offended };
  const worker = new WorkerProcess(1, 0, child as unknown as ChildProcess, events, { isOtherCode });
  child.emit('internalMessage', { cmd: 'NODE_PREFORK', reads: 'handles', ...says });
  const told = (): string[] => child.heard.map((message) => message?.type).filter(Boolean);
  worker.settle(1000, 1000);
  return { worker, child, told, blamed };
}

test('a worker that says that it sends no handle may go on, and is asked no second time meanwhile', () => {
  const { worker, child, told, blamed } = asked();
  worker.settle(1250, 1250);
  assert.deepEqual([told(), worker.isSettling], [['settle'], true]);
  child.say({ type: 'settled' });
  assert.deepEqual([told(), worker.isSettling], [['settle', 'prove'], true]);
  const own = new Handle();
  child.say({ type: 'proof' }, own);
  assert.deepEqual([told(), worker.isSettling, blamed], [['settle', 'prove', 'resume'], false, []]);
  assert.equal(own.closed, 1);
  child.say({ type: 'settled' });
  assert.deepEqual(blamed, ['answers what was not asked']);
});

test('one that does not say so at many looks is replaced, unless its event loop stands still', () => {
  const { worker, blamed } = asked();
  for (let nth = 0; nth < 40; nth++) worker.settle(1250, 1250);
  worker.settle(11_000, 9000);
  for (let nth = 0; nth < 40; nth++) worker.settle(11_250, 11_250);
  assert.deepEqual(blamed, [], 'it has the whole time when it goes on');
  worker.settle(11_250, 11_250);
  assert.deepEqual(blamed, ['does not say that it sends no descriptor!']);
});

test('a look after the primary stood still is one look', () => {
  const { worker, blamed } = asked();
  worker.settle(60_000, 60_000);
  assert.deepEqual(blamed, []);
});

test('one whose handle does not come when it is asked for one is replaced: nothing leaves its queue', () => {
  const { worker, child, told, blamed } = asked();
  const what = 'descriptors of a kind that nobody can take';
  for (let nth = 0; nth < 6; nth++) {
    child.say({ type: 'settled' });
    child.say({ type: 'proof' });
    // Every other time the answer may have missed its handle by chance.
    if (nth % 2 === 0) worker.settle(2000, 2000);
  }
  assert.deepEqual(blamed, [what, what, `${what}!`]);
  assert.equal(told().filter((type) => type === 'prove').length, 6);
});

test('one that has offended meanwhile is asked again at the next look', () => {
  const { worker, child, told, blamed } = asked();
  child.say({ type: 'nothing' } as never);
  child.say({ type: 'settled' });
  assert.deepEqual([told(), blamed.length], [['settle', 'resume'], 1]);
  worker.settle(1250, 1250);
  child.say({ type: 'settled' });
  assert.deepEqual(told(), ['settle', 'resume', 'settle', 'prove']);
});

for (const [what, isOtherCode, says, isAsked] of [
  ['of another version, which does not know of that,', true, {}, false],
  ['of another version, which says that it can,', true, { proves: true }, true],
  ['of this version, which does not say that it can,', false, {}, true],
] as const) {
  test(`a worker ${what} is ${isAsked ? '' : 'not '}asked for a handle`, () => {
    const { worker, child, told, blamed } = asked(isOtherCode, says);
    child.say({ type: 'settled' });
    assert.deepEqual([told(), worker.isSettling, blamed], [['settle', isAsked ? 'prove' : 'resume'], isAsked, []]);
  });
}
