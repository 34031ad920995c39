/** Tests both ends of a channel between two processes: what goes with handles past Node, and in what order. */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { Channel, COMMAND, MOST_BODIES } from '../../../src/ipc/channel.ts';
import { Intake } from '../../../src/ipc/intake.ts';
import { awaitsAcknowledgement, channelOf } from '../../../src/ipc/node-channel.ts';
import { handleOf } from '../../../src/worker/node-internals/index.ts';
import { fixture } from '../../support/paths.ts';

/** More than a read of the channel takes, together with the long text. */
const HANDLES = 40;
const LONG_TEXT = 'x'.repeat(3000);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
after(() => server.close());

/** Returns both ends of a connection: what the server accepted, and the client. */
async function pair(): Promise<{ readonly accepted: Socket; readonly client: Socket }> {
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  return { accepted: accepted.pause(), client };
}

function end(child: ChildProcess): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  return exited;
}

test(
  'many handles are on their way at once, each with its message, in both directions, among others',
  { timeout: 30_000 },
  async () => {
    const child = fork(fixture('handle-echo.js'));
    const heard: number[] = [];
    let told = (): void => {};
    const intake = Intake.of(child, { malformed: assert.fail, unusable: assert.fail }, { isClustered: false });
    let ready = (): void => {};
    const isReady = new Promise<void>((resolve) => (ready = resolve));
    const pairs: Array<Awaited<ReturnType<typeof pair>>> = [];
    while (pairs.length < HANDLES) pairs.push(await pair());
    const channel = new Channel<object>(
      child,
      (body, handle) => {
        const { nth } = body as { nth?: number };
        if (nth === undefined) return ready();
        heard.push(nth);
        // The echo has written on the connection that came with this number, and has sent it back.
        assert.equal(handle === undefined, nth % 4 === 3);
        (handle as { close(): void } | undefined)?.close();
        if (heard.length === HANDLES) told();
      },
      intake && {},
    );
    await isReady;
    const answers = pairs.map(({ client }) => once(client, 'data'));
    const all = new Promise<void>((resolve) => (told = resolve));
    for (const [nth, { accepted }] of pairs.entries()) {
      channel.sendPast({ nth, text: LONG_TEXT }, handleOf(accepted)!);
      assert.ok(!awaitsAcknowledgement(child), 'Node waits for nothing');
    }
    await all;
    assert.deepEqual(
      heard,
      pairs.map((_, nth) => nth),
    );
    for (const [nth, answer] of answers.entries()) assert.equal(String((await answer)[0]), `${nth}`);
    for (const { accepted, client } of pairs) {
      accepted.destroy();
      client.destroy();
    }
    channel.close();
    await end(child);
  },
);

/** An end of a channel, of which the other end is the test. */
class FakeEnd extends EventEmitter {
  readonly sent: object[] = [];
  connected = true;
  readonly send = (
    message: object,
    _handle: unknown,
    _options: object,
    done: (error: Error | null) => void,
  ): boolean => {
    this.sent.push(message);
    done(null);
    return true;
  };
}

test('messages that may wait go in one, before any that is sent later', async () => {
  const end = new FakeEnd();
  const channel = new Channel<number>(end, assert.fail);
  end.emit('internalMessage', { cmd: COMMAND, reads: 'handles' });
  const written: number[] = [];
  for (const body of [1, 2]) channel.sendSoon(body, () => written.push(body));
  assert.deepEqual([end.sent, written], [[], []]);
  channel.send(3);
  channel.sendSoon(4);
  while (end.sent.length < 3) await delay(1);
  // The last write is a while ago then.
  await delay(10);
  channel.sendSoon(5);
  await nextTurn();
  const cmd = COMMAND;
  assert.deepEqual(end.sent, [
    { cmd, bodies: [1, 2] },
    { cmd, body: 3 },
    { cmd, body: 4 },
    { cmd, body: 5 },
  ]);
  assert.deepEqual(written, [1, 2]);
});

test('more than may go in one go in several', async () => {
  const end = new FakeEnd();
  const channel = new Channel<number>(end, assert.fail);
  end.emit('internalMessage', { cmd: COMMAND, reads: 'handles' });
  let written = 0;
  for (let body = 0; body <= MOST_BODIES; body++) channel.sendSoon(body, () => written++);
  await nextTurn();
  const sizes = end.sent.map((message) => (message as { bodies: unknown[] }).bodies.length);
  assert.deepEqual([sizes, written], [[MOST_BODIES, 1], MOST_BODIES + 1]);
});

test('an end of an older version gets them one by one', async () => {
  const end = new FakeEnd();
  const channel = new Channel<number>(end, assert.fail);
  const written: number[] = [];
  for (const body of [1, 2]) channel.sendSoon(body, () => written.push(body));
  await nextTurn();
  assert.deepEqual(end.sent, [
    { cmd: COMMAND, body: 1 },
    { cmd: COMMAND, body: 2 },
  ]);
  assert.deepEqual(written, [1, 2]);
});

test('several in one are told one after another; those that wait when the channel ends are dropped', async () => {
  const end = new FakeEnd();
  const heard: unknown[] = [];
  const channel = new Channel<number>(end, (body) => heard.push(body));
  end.emit('internalMessage', { cmd: COMMAND, bodies: ['a', 'b'] });
  end.emit('internalMessage', { cmd: COMMAND, bodies: 'no list' });
  assert.deepEqual(heard, ['a', 'b', undefined]);
  assert.ok(channel.sendSoon(1, () => assert.fail('it is not written')));
  end.connected = false;
  await delay(20);
  assert.deepEqual([end.sent, channel.sendSoon(2)], [[], false]);
});

test('handles that are held go out in their order when they are released, and other messages meanwhile', () => {
  const sent: unknown[] = [];
  const end = Object.assign(new EventEmitter(), {
    connected: true,
    send: ({ body }: { body: unknown }, handle: unknown) => void sent.push([body, handle]),
  });
  const channel = new Channel<number>(end, () => {});
  channel.holdHandles();
  channel.holdHandles();
  const [one, two] = [{}, {}];
  assert.ok(channel.sendPast(1, one) && channel.sendBehind(6) && channel.sendPast(2, two) && channel.send(3));
  assert.deepEqual(sent, [[3, undefined]]);
  channel.releaseHandles();
  channel.releaseHandles();
  assert.ok(channel.sendPast(4, one));
  assert.deepEqual(sent, [
    [3, undefined],
    [1, one],
    [6, undefined],
    [2, two],
    [4, one],
  ]);
  assert.ok(channel.sendBehind(7));
  assert.deepEqual(sent.at(-1), [7, undefined]);
  channel.holdHandles();
  end.connected = false;
  assert.ok(!channel.sendPast(5, one) && !channel.sendBehind(5));
});

/** The number of ETOOMANYREFS: the user has too many descriptors on their way. */
const TOO_MANY = -109;

/** A native channel whose kernel takes no handle at first, and what was written to it. */
class FullChannel extends FakeEnd {
  readonly written: string[] = [];
  constructor(refusals: number) {
    super();
    const native = {
      onread: (): void => {},
      writeQueueSize: 0,
      writeUtf8String: (request: { oncomplete?: (status: number) => void }, text: string, handle?: object) => {
        const status = handle !== undefined && refusals-- > 0 ? TOO_MANY : 0;
        if (status === 0) this.written.push(text.trim());
        setImmediate(() => request.oncomplete?.(status));
        return 0;
      },
    };
    Object.assign(this, { [Symbol('kChannelHandle')]: native });
  }

  /** Writes as Node does. */
  write(text: string, handle?: object): void {
    const { writeUtf8String } = channelOf(this)!;
    writeUtf8String!({}, `${text}\n`, handle);
  }
}

class Handle {
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }
}

for (const [what, refusals, expected] of [
  ['has taken', 0, `{"cmd":"${COMMAND}","handle":true,"body":"proof"}`],
  ['has not taken', 1, 'otherwise'],
] as const) {
  test(`what is sent with the channel's own end is one thing where the kernel ${what} the handle`, async () => {
    const end = new FullChannel(refusals);
    const channel = new Channel<string>(end, assert.fail, {});
    end.write('learned from');
    end.emit('internalMessage', { cmd: COMMAND, reads: 'handles' });
    channel.sendEnd('proof', 'otherwise');
    for (let turn = 0; turn < 3; turn++) await nextTurn();
    const sent = end.sent.flatMap((message) => (message as { body?: string }).body ?? []);
    assert.deepEqual([...end.written.slice(1), ...sent], [expected]);
  });
}

test("a message of Node's whose handle the kernel has not taken is written again, with a handle that stays open until then", async () => {
  const end = new FullChannel(2);
  new Channel<string>(end, assert.fail, {}).close();
  const handle = new Handle();
  end.write('{"cmd":"NODE_HANDLE","type":"net.Native"}', handle);
  handle.close();
  await nextTurn();
  assert.deepEqual([end.written, handle.isClosed], [[], false]);
  while (!handle.isClosed) await delay(10);
  assert.deepEqual(end.written, ['{"cmd":"NODE_HANDLE","type":"net.Native"}']);
});

test('one of ours, which is answered when it got lost, is not', async () => {
  const end = new FullChannel(1);
  new Channel<string>(end, assert.fail, {}).close();
  const handle = new Handle();
  end.write(`{"cmd":"${COMMAND}","handle":true}`, handle);
  handle.close();
  await nextTurn();
  await nextTurn();
  assert.deepEqual([end.written, handle.isClosed], [[], true]);
});
