/** Tests the primary's end of a channel. The test feeds it by hand with what a worker may write to it. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { COMMAND, MOST_BODIES } from '../../../src/ipc/channel.ts';
import { Intake, LONGEST_BACKLOG_BYTES, LONGEST_LINE_BYTES, MOST_BEHIND_HANDLE } from '../../../src/ipc/intake.ts';
import { HALF_SENDS } from '../../../src/ipc/half-messages.ts';
import { readBuffer } from '../../support/read-buffer.ts';

class FakeHandle {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

/** The channel of a child as Node has it. */
class Bench {
  readonly heard: Array<readonly [name: string, message: unknown]> = [];
  readonly sent: unknown[] = [];
  /** Handles that came with messages of ours. */
  readonly given: unknown[] = [];
  readonly malformed: string[] = [];
  readonly unusable: string[] = [];
  dropped = 0;
  uncertain = 0;
  endsSeen = 0;
  readonly intake: Intake;
  readonly child = Object.assign(new EventEmitter(), {
    _handleQueue: null as unknown[] | null,
    send: (message: unknown) => void this.sent.push(message),
  });
  readonly #channel = {
    onread: (bytes?: ArrayBuffer): void => {
      assert.equal(bytes, undefined, 'Node reads nothing');
      this.endsSeen++;
    },
    pendingHandle: null as FakeHandle | null,
    writeQueueSize: 0 as number | undefined,
    // What was read before the channel was taken over.
    bytesRead: 1000,
    readStop: () => this.#reads(false),
    readStart: () => this.#reads(true),
  };
  isReading = true;

  /** @param canStop whether this Node's channels can stop to read. */
  constructor({
    isClustered = false,
    canStop = true,
    mostHandles = Infinity,
    passes = '{}',
    isApplications = true,
  } = {}) {
    const channel: object = canStop ? this.#channel : Object.assign(this.#channel, { readStop: undefined });
    const child = Object.assign(this.child, { [Symbol('kChannelHandle')]: channel });
    for (const name of ['message', 'internalMessage']) {
      child.on(name, (message: unknown, handle: unknown) => {
        this.heard.push([name, message]);
        if (handle !== undefined) this.given.push(handle);
      });
    }
    this.intake = Intake.of(
      child as unknown as ChildProcess,
      {
        malformed: (what) => this.malformed.push(what),
        unusable: (what) => this.unusable.push(what),
        ...(isApplications && { dropped: () => this.dropped++ }),
        uncertain: () => this.uncertain++,
      },
      { isClustered, mostHandles, passes },
    )!;
  }

  feed(text: string | Uint8Array, handle?: FakeHandle): void {
    this.#channel.pendingHandle = handle ?? null;
    const bytes = Buffer.from(text as string);
    this.#channel.bytesRead += bytes.length;
    this.#channel.onread(readBuffer(bytes));
  }

  /** Waits until more would be read: on a machine with much to do, any message may take long. */
  async read(text: string | Uint8Array, handle?: FakeHandle): Promise<void> {
    this.feed(text, handle);
    do await nextTurn();
    while (!this.isReading);
  }

  #reads(isReading: boolean): number {
    this.isReading = isReading;
    return 0;
  }

  say(message: unknown, handle?: FakeHandle): Promise<void> {
    return this.read(`${JSON.stringify(message)}\n`, handle);
  }

  end(): void {
    this.#channel.onread();
  }

  set backlog(bytes: number | undefined) {
    this.#channel.writeQueueSize = bytes;
  }
}

const ours = { cmd: COMMAND, body: { type: 'handoff', id: 1 } };

test('a child whose channel is not of Node’s making is left alone', () => {
  assert.equal(Intake.of(new EventEmitter() as ChildProcess, {} as never, { isClustered: false }), undefined);
});

test('messages come as Node would emit them, however they are cut, and whatever they are', async () => {
  const messages = [{ hello: 'wörld' }, 1, null, 'text', [ours], ours, { cmd: 'OTHER' }];
  const text = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
  const bytes = Buffer.from(text);
  for (const size of [1, 3, bytes.length]) {
    const bench = new Bench();
    for (let at = 0; at < bytes.length; at += size) await bench.read(bytes.subarray(at, at + size));
    assert.deepEqual(
      bench.heard,
      messages.map((message) => [message === ours ? 'internalMessage' : 'message', message]),
    );
    assert.deepEqual(bench.malformed, []);
  }
});

test('the end is Node’s to see', async () => {
  const bench = new Bench();
  bench.end();
  assert.equal(bench.endsSeen, 1);
});

const acknowledged = { cmd: 'NODE_HANDLE_ACK' };
const strange: Record<string, [unknown, RegExp]> = {
  'a message of Node’s that is no worker’s': [{ cmd: 'NODE_SOCKET_NOTIFY_CLOSE', key: 'a' }, /no message of ours/],
  'an unknown one': [{ cmd: 'NODE_ANYTHING' }, /no message of ours/],
  'a name that every object has': [{ cmd: 'NODE_' }, /no message of ours/],
  'an acknowledgement of nothing': [acknowledged, /acknowledges what was not sent/],
};
for (const [name, [message, what]] of Object.entries(strange)) {
  test(`${name} is malformed, and Node does not hear of it`, async () => {
    const bench = new Bench();
    await bench.say(message);
    assert.deepEqual(bench.heard, []);
    assert.match(bench.malformed.join(), what);
  });
}

test('a message of too many levels is dropped, since it could not be written again', async () => {
  const nested = (levels: number): string => `{"text":"[[\\"[[[","list":${'['.repeat(levels)}${']'.repeat(levels)}}\n`;
  const bench = new Bench();
  await bench.read(nested(900));
  await bench.read(`["${'[{'.repeat(5000)}"]\n`);
  assert.deepEqual([bench.heard.length, bench.malformed], [2, []]);
  await bench.read(nested(1000));
  await bench.read(nested(30_000));
  assert.deepEqual([bench.heard.length, bench.malformed, bench.dropped], [2, [], 2]);
});

test('what is no JSON is malformed, and the next line is read', async () => {
  const bench = new Bench();
  await bench.read('{"half":\n{"whole":1}\n');
  assert.deepEqual(bench.malformed, ['no JSON']);
  assert.deepEqual(bench.heard, [['message', { whole: 1 }]]);
});

test('a long line of many small values is not parsed; one of long values is', async () => {
  const bench = new Bench();
  await bench.say(Array.from({ length: 40_000 }, () => 1));
  await bench.say({ text: 'x'.repeat(100_000) });
  assert.deepEqual([bench.malformed, bench.dropped], [[], 1]);
  assert.equal(bench.heard.length, 1);
});

test('a long line of many keys that differ is not parsed, in one object or in many; one of keys that are the same is', async () => {
  const bench = new Bench();
  const keys = Array.from({ length: 100_000 }, (_, nth) => `a${nth.toString(36)}`);
  await bench.say(Object.fromEntries(keys.map((key) => [key, 100_000])));
  await bench.say(keys.map((key) => ({ name: 'long enough', [key]: 100_000 })));
  assert.deepEqual([bench.malformed, bench.dropped], [[], 2]);
  await bench.say(keys.map((value) => ({ name: 'long enough', value })));
  await bench.say(Object.fromEntries(keys.slice(0, 10_000).map((key) => [key, 100_000])));
  assert.deepEqual([bench.heard.length, bench.dropped], [2, 2]);
});

const manyKeys = Object.fromEntries(Array.from({ length: 100_000 }, (_, nth) => [`a${nth}`, 100_000]));

test('one of ours with as many is malformed, but for one that passes a message of the application on', async () => {
  const bench = new Bench();
  await bench.say({ cmd: COMMAND, body: { type: 'metrics', families: [manyKeys] } });
  await bench.say({ cmd: COMMAND, body: { type: 'send', worker: 1, message: manyKeys } });
  assert.deepEqual([bench.malformed, bench.dropped], [['too many keys', 'too many keys'], 0]);
  const half = new Bench({ passes: HALF_SENDS });
  await half.say({ cmd: COMMAND, body: { type: 'send', worker: 1, message: manyKeys } });
  assert.deepEqual([half.malformed, half.dropped], [[], 1]);
});

test('the handle of a message that is dropped is closed and acknowledged, as its sender waits for that', async () => {
  const bench = new Bench();
  const handle = new FakeHandle();
  await bench.say({ cmd: 'NODE_HANDLE', type: 'net.Socket', msg: manyKeys }, handle);
  assert.deepEqual([bench.sent, handle.isClosed, bench.malformed], [[{ cmd: 'NODE_HANDLE_ACK' }], true, []]);
});

test('a line of ours without end ends it: nothing more is read, and that is told once', async () => {
  const bench = new Bench();
  const begun = `{"cmd":"${COMMAND}","body":"`;
  await bench.read(begun + 'x'.repeat(LONGEST_LINE_BYTES - begun.length));
  assert.deepEqual(bench.unusable, []);
  await bench.read('x');
  await bench.read('x\n');
  await bench.say('later');
  assert.deepEqual(bench.unusable, [`sent a line of more than ${LONGEST_LINE_BYTES} bytes`]);
  assert.deepEqual([bench.heard, bench.dropped], [[], 0]);
});

test('a line of the application’s that is too long is skipped up to its end, which is told once, and what comes then is heard', async () => {
  const bench = new Bench();
  await bench.say({ text: 'x'.repeat(LONGEST_LINE_BYTES) });
  await bench.say({ text: 'short' });
  assert.deepEqual([bench.heard, bench.dropped], [[['message', { text: 'short' }]], 1]);
  await bench.read(`{"text":"${'x'.repeat(LONGEST_LINE_BYTES)}`);
  assert.equal(bench.dropped, 2, 'that is told when it is known, since the line may have no end');
  await bench.read('x'.repeat(100));
  await bench.read(`x"}\n${JSON.stringify({ cmd: COMMAND, body: 'ours' })}\n`);
  assert.deepEqual([bench.heard.length, bench.dropped, bench.malformed, bench.unusable], [2, 2, [], []]);
  const half = new Bench({ passes: HALF_SENDS });
  await half.say({ cmd: COMMAND, body: { type: 'send', worker: 1, message: 'x'.repeat(LONGEST_LINE_BYTES) } });
  assert.deepEqual([half.dropped, half.malformed, half.unusable], [1, [], []]);
});

test('where no application has the other end, what is too long ends it, and what is too large is misuse', async () => {
  const bench = new Bench({ isApplications: false });
  await bench.say(Object.fromEntries(Array.from({ length: 70_000 }, (_, nth) => [nth, 0])));
  assert.deepEqual(bench.malformed, ['too many keys']);
  bench.feed('x'.repeat(LONGEST_LINE_BYTES + 1));
  assert.deepEqual(bench.unusable, [`sent a line of more than ${LONGEST_LINE_BYTES} bytes`]);
});

test('the handle of a message that is too long is closed and acknowledged at the end of that', async () => {
  const bench = new Bench();
  const handle = new FakeHandle();
  await bench.read(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":"${'x'.repeat(LONGEST_LINE_BYTES)}`, handle);
  assert.deepEqual([bench.sent, handle.isClosed], [[], false]);
  await bench.read('"}\n');
  assert.deepEqual([bench.sent, handle.isClosed, bench.malformed], [[{ cmd: 'NODE_HANDLE_ACK' }], true, []]);
});

test('a line that is skipped rests for each 4 MB of it, as many that end would', async () => {
  const bench = new Bench();
  const piece = Buffer.alloc(64 * 1024, 'x');
  let rests = 0;
  for (let bytes = 0; bytes < 4.5 * LONGEST_LINE_BYTES; bytes += piece.length) {
    bench.feed(piece);
    const since = performance.now();
    while (!bench.isReading) await nextTurn();
    if (performance.now() - since > 50) rests++;
  }
  // A machine with much to do may rest for longer where no rest was asked for.
  assert.ok(rests >= 3, `${rests} rests`);
  assert.deepEqual([bench.dropped, bench.unusable], [1, []]);
});

test('so does a backlog that the worker does not read', () => {
  const bench = new Bench();
  bench.backlog = LONGEST_BACKLOG_BYTES;
  bench.intake.checkBacklog();
  assert.deepEqual(bench.unusable, []);
  bench.backlog = LONGEST_BACKLOG_BYTES + 1;
  bench.intake.checkBacklog();
  bench.intake.checkBacklog();
  assert.deepEqual(bench.unusable, ['does not read what it is told']);
});

test('a channel that has closed has no backlog: its worker has ended, and is not blamed', () => {
  const bench = new Bench();
  bench.backlog = undefined;
  bench.intake.checkBacklog();
  assert.deepEqual(bench.unusable, []);
});

test('so do messages behind a handle that the worker does not acknowledge, which no number of bytes counts', () => {
  const bench = new Bench();
  bench.child._handleQueue = Array.from({ length: MOST_BEHIND_HANDLE });
  bench.intake.checkBacklog();
  assert.deepEqual(bench.unusable, []);
  bench.child._handleQueue.push({});
  bench.intake.checkBacklog();
  assert.deepEqual(bench.unusable, ['does not read what it is told']);
});

test('a connection that comes with a message of ours is given on, open, and acknowledged', async () => {
  const bench = new Bench();
  const handle = new FakeHandle();
  await bench.say({ cmd: 'NODE_HANDLE', type: 'net.Native', msg: ours }, handle);
  assert.deepEqual(bench.sent, [acknowledged]);
  assert.deepEqual(bench.heard, [['internalMessage', ours]]);
  assert.deepEqual(bench.given, [handle]);
  assert.ok(!handle.isClosed);
});

const past = { cmd: COMMAND, handle: true, body: { type: 'handoff', id: 1 } };
const pastLine = `${JSON.stringify(past)}\n`;

test('a connection that comes past Node’s own way is given on, and not acknowledged', async () => {
  const bench = new Bench();
  const handle = new FakeHandle();
  await bench.say(past, handle);
  assert.deepEqual([bench.sent, bench.heard], [[], [['internalMessage', past]]]);
  assert.deepEqual(bench.given, [handle]);
});

test('one whose handle got lost is told without it, and the next one’s is not taken for it', async () => {
  const bench = new Bench();
  const next = new FakeHandle();
  await bench.say(past);
  assert.deepEqual(bench.given, []);
  await bench.say(past, next);
  assert.deepEqual([bench.heard.length, bench.given], [2, [next]]);
});

test('however the lines of several are cut into reads, each gets its own handle', async () => {
  for (let cut = 1; cut < pastLine.length; cut++) {
    const bench = new Bench();
    const [first, second] = [new FakeHandle(), new FakeHandle()];
    // A read ends behind the message with a handle, or in it where the reader's buffer is full.
    await bench.read('{"other":1}\n' + pastLine.slice(0, cut), first);
    await bench.read(pastLine.slice(cut) + pastLine, second);
    assert.deepEqual([bench.given, bench.malformed], [[first, second], []]);
    const lossy = new Bench();
    await lossy.read(pastLine.slice(0, cut));
    await lossy.read(pastLine.slice(cut) + pastLine, second);
    assert.deepEqual([lossy.given, lossy.heard.length], [[second], 2], 'the first one’s got lost');
  }
});

for (const [name, fields] of Object.entries({
  'several bodies': { bodies: [] },
  both: { body: {}, bodies: [] },
  'the word that handles are read': { body: {}, reads: 'handles' },
  'no body': {},
})) {
  test(`a handle with ${name} does not stay open`, async () => {
    const [bench, nodes] = [new Bench(), new Bench()];
    const [handle, next, ofNodes] = [new FakeHandle(), new FakeHandle(), new FakeHandle()];
    await bench.say({ cmd: COMMAND, handle: true, ...fields }, handle);
    await bench.say(past, next);
    assert.deepEqual([handle.isClosed, bench.given, bench.malformed.length], [true, [next], 1]);
    await nodes.say({ cmd: 'NODE_HANDLE', type: 'net.Native', msg: { cmd: COMMAND, ...fields } }, ofNodes);
    assert.ok(ofNodes.isClosed);
    assert.deepEqual(nodes.given, []);
  });
}

test('handles are not acknowledged for ever to a child that reads nothing', async () => {
  const bench = new Bench();
  bench.backlog = LONGEST_BACKLOG_BYTES + 1;
  await bench.say({ cmd: 'NODE_HANDLE' });
  assert.deepEqual([bench.sent, bench.unusable.length], [[], 1]);
});

test('a handle that nobody hears of is closed', async () => {
  const bench = new Bench();
  bench.child.removeAllListeners();
  const handle = new FakeHandle();
  await bench.say(past, handle);
  assert.ok(handle.isClosed);
});

const forms: Record<string, { message: object; heard: unknown[]; isMalformed: boolean }> = {
  'with a message of the application’s': {
    message: { cmd: 'NODE_HANDLE', type: 'net.Native', msg: { hello: 1 } },
    heard: [['message', { hello: 1 }]],
    isMalformed: false,
  },
  'that is a server': { message: { cmd: 'NODE_HANDLE', type: 'net.Server', msg: ours }, heard: [], isMalformed: true },
  'without a message': { message: { cmd: 'NODE_HANDLE', type: 'net.Native' }, heard: [], isMalformed: true },
  'of an unknown type': {
    message: { cmd: 'NODE_HANDLE', type: 'constructor', msg: ours },
    heard: [],
    isMalformed: true,
  },
};
for (const [name, { message, heard, isMalformed }] of Object.entries(forms)) {
  test(`a handle ${name} is acknowledged and closed`, async () => {
    const bench = new Bench();
    const handle = new FakeHandle();
    await bench.say(message, handle);
    assert.deepEqual(bench.sent, [acknowledged]);
    assert.ok(handle.isClosed);
    assert.deepEqual(bench.heard, heard);
    assert.equal(bench.malformed.length === 1, isMalformed);
    assert.deepEqual(bench.given, []);
  });
}

test('a message that has lost its handle is asked for again', async () => {
  const bench = new Bench();
  await bench.say({ cmd: 'NODE_HANDLE', type: 'net.Native', msg: ours });
  assert.deepEqual(bench.sent, [{ cmd: 'NODE_HANDLE_NACK' }]);
  assert.deepEqual([bench.heard, bench.malformed], [[], []]);
});

test('of two handles without a message between them the first is closed, and malformed', async () => {
  const bench = new Bench();
  const [first, second] = [new FakeHandle(), new FakeHandle()];
  await bench.read('{"half":', first);
  await bench.read('1}\n', second);
  assert.ok(first.isClosed && !second.isClosed);
  assert.deepEqual(bench.malformed, ['a handle without a message']);
  bench.end();
  assert.ok(second.isClosed, 'the end closes what nobody has taken');
});

const settled = { cmd: COMMAND, body: { type: 'settled' } };
const pastMessage = { cmd: COMMAND, handle: true, body: { type: 'handoff', id: 1 } };
const lineOf = (message: unknown): string => `${JSON.stringify(message)}\n`;
for (const [what, text] of [
  ['by itself', lineOf(settled)],
  ['behind a message that takes the handle', lineOf(pastMessage) + lineOf(settled)],
  ['before one', lineOf(settled) + lineOf(pastMessage)],
  ['among others', lineOf({ cmd: COMMAND, bodies: [{ type: 'ready' }, { type: 'settled' }] })],
  ['with a handle of its own', lineOf({ ...settled, handle: true })],
  ['as a message of Node’s own', lineOf({ cmd: 'NODE_HANDLE', type: 'net.Native', msg: settled })],
]) {
  test(`a worker that says that it sends no handle, ${what}, and a handle came: more wait than it says`, async () => {
    const bench = new Bench();
    await bench.read(text!, new FakeHandle());
    assert.ok(bench.malformed.includes('more descriptors than messages with one'), bench.malformed.join());
  });
}

const ofApplication = lineOf({ cmd: 'NODE_HANDLE', type: 'net.Socket', msg: 'take this' });
for (const [what, text, rest] of [
  ['', ofApplication, ''],
  [', in parts,', ofApplication.slice(0, 30), ofApplication.slice(30)],
] as const) {
  test(`a socket that the application sends${what} right behind these words is believed once in a row`, async () => {
    const bench = new Bench();
    const say = async (): Promise<void> => {
      await bench.read(lineOf(settled) + text, new FakeHandle());
      if (rest !== '') await bench.read(rest);
    };
    await say();
    await bench.say(settled);
    await say();
    assert.deepEqual([bench.malformed, bench.uncertain], [[], 2]);
    for (const times of [1, 2]) {
      await say();
      assert.deepEqual(bench.malformed, Array(times).fill('more descriptors than messages with one'));
    }
    assert.equal(bench.heard.filter(([, message]) => message === 'take this').length, 4);
  });
}

test('a worker that says so behind its last handle is well', async () => {
  const bench = new Bench();
  await bench.say(pastMessage, new FakeHandle());
  await bench.say(settled);
  assert.deepEqual([bench.malformed, bench.given.length], [[], 1]);
});

test('where hardly any handle is awaited, more are too many', async () => {
  const bench = new Bench({ mostHandles: 1 });
  await bench.say(pastMessage, new FakeHandle());
  assert.deepEqual(bench.unusable, []);
  const second = new FakeHandle();
  await bench.say(pastMessage, second);
  assert.deepEqual([bench.unusable, second.isClosed], [['sends handles that nobody awaits'], true]);
});

test('one that was asked for is none too many', async () => {
  const bench = new Bench({ mostHandles: 0 });
  bench.intake.awaitHandle();
  await bench.say(pastMessage, new FakeHandle());
  assert.deepEqual(bench.unusable, []);
});

test('once it is closed what comes is dropped, and handles are closed', async () => {
  const bench = new Bench();
  const [before, after] = [new FakeHandle(), new FakeHandle()];
  await bench.read('{"half":', before);
  bench.intake.close();
  await bench.say(ours, after);
  assert.ok(before.isClosed && after.isClosed);
  assert.deepEqual(bench.heard, []);
});

test('an acknowledgement of what was sent is Node’s', async () => {
  const bench = new Bench();
  bench.child._handleQueue = [];
  await bench.say(acknowledged);
  assert.deepEqual(bench.heard, [['internalMessage', acknowledged]]);
});

const farewell = { cmd: 'NODE_CLUSTER', act: 'exitedAfterDisconnect', seq: 1 };
const online = { cmd: 'NODE_CLUSTER', act: 'online' };

test('of node:cluster’s words the farewell alone comes through where there is no primary half; the others go without a word', async () => {
  const bench = new Bench();
  for (const message of [online, farewell]) await bench.say(message);
  assert.deepEqual(bench.heard, [['internalMessage', farewell]]);
  assert.deepEqual(bench.malformed, []);
});

test('where there is one all that is well formed does; what it throws is the worker’s fault', async () => {
  const bench = new Bench({ isClustered: true });
  await bench.say(online);
  await bench.say({ ...online, act: 'queryServer', port: 99_999 });
  assert.equal(bench.heard.length, 1);
  bench.child.on('internalMessage', () => {
    throw new RangeError('boom');
  });
  await bench.say(online);
  assert.deepEqual(bench.malformed, ['no message of node:cluster', 'Node threw RangeError: boom']);
});

/** Makes each message cost a few ms. */
function makeSlow({ child }: Bench, ms = 3): void {
  child.on('message', () => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  });
}

const many = Array.from({ length: 20 }, (_, nth) => nth);
const manyLines = many.map((nth) => `${nth}\n`).join('');
const heardMany = many.map((nth) => ['message', nth]);

test('a worker that says much at once leaves the event loop its turns, and is not read meanwhile', async () => {
  const bench = new Bench();
  makeSlow(bench);
  let turns = 0;
  bench.feed(manyLines);
  do {
    await nextTurn();
    turns++;
    assert.ok(!bench.isReading || bench.heard.length === many.length);
  } while (!bench.isReading);
  assert.ok(turns >= 5, `${turns}`);
  assert.deepEqual(bench.heard, heardMany);
  await bench.read('20\n');
  assert.equal(bench.heard.length, 21);
});

test('many short reads leave it its turns, too', async () => {
  const bench = new Bench();
  makeSlow(bench);
  const stops: number[] = [];
  for (const nth of many) {
    bench.feed(`${nth}\n`);
    await nextTurn();
    if (!bench.isReading) stops.push(nth);
    while (!bench.isReading) await nextTurn();
  }
  assert.ok(stops.length >= 5, stops.join());
  assert.deepEqual(bench.heard, heardMany);
});

test('after a long message that took long the worker is not read for longer than that, so that it takes a share of the time alone', async () => {
  const bench = new Bench();
  makeSlow(bench, 60);
  bench.feed(`"${'x'.repeat(20_000)}"\n`.repeat(3));
  const startedAt = performance.now();
  while (bench.heard.length < 3) await nextTurn();
  // A timer may come a moment before its time.
  assert.ok(performance.now() - startedAt >= 2 * (60 + 3 * 60) - 10, `${performance.now() - startedAt}`);
  assert.ok(!bench.isReading);
  bench.intake.close();
});

test('a short message takes long only on a busy machine, and is followed by no rest', async () => {
  const bench = new Bench();
  makeSlow(bench, 60);
  bench.feed('1\n2\n3\n');
  let turns = 0;
  for (; bench.heard.length < 3; turns++) await nextTurn();
  assert.ok(turns < 10, `${turns} turns of the event loop`);
  bench.intake.close();
});

test('where reading cannot be stopped the order stays, and each handle stays with its message', async () => {
  const bench = new Bench({ canStop: false });
  makeSlow(bench);
  const handle = new FakeHandle();
  bench.feed(manyLines + pastLine, handle);
  bench.feed('"last"\n');
  while (bench.heard.length < many.length + 2) await nextTurn();
  assert.deepEqual(bench.heard, [...heardMany, ['internalMessage', past], ['message', 'last']]);
  assert.deepEqual([bench.given, bench.malformed], [[handle], []]);
});

test('what waits for its turn is dropped once it is closed, and its end is noticed', async () => {
  const bench = new Bench();
  makeSlow(bench);
  bench.feed(manyLines);
  await nextTurn();
  const heard = bench.heard.length;
  assert.ok(heard < many.length && !bench.isReading);
  bench.intake.close();
  while (!bench.isReading) await nextTurn();
  assert.equal(bench.heard.length, heard);
});

test('more messages in one than there ever are of ours are malformed', async () => {
  const bench = new Bench();
  const of = (count: number): object => ({ cmd: COMMAND, bodies: Array.from({ length: count }, () => ({})) });
  await bench.say(of(MOST_BODIES));
  assert.deepEqual([bench.heard.length, bench.malformed], [1, []]);
  await bench.say(of(MOST_BODIES + 1));
  assert.deepEqual([bench.heard.length, bench.malformed], [1, ['too many messages in one']]);
});
