import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeFrame, FrameReader, opcodes, type Message } from '../../../src/inspector/frame.ts';

const FINAL = 0x80;

/** Encodes a frame as a server sends it, without a mask. */
function fromServer(opcode: number, payload: Buffer | string, isFinal = true): Buffer {
  const body = Buffer.from(payload);
  const first = (isFinal ? FINAL : 0) | opcode;
  if (body.length <= 125) return Buffer.concat([Buffer.from([first, body.length]), body]);
  if (body.length <= 0xffff)
    return Buffer.concat([Buffer.from([first, 126, body.length >> 8, body.length & 0xff]), body]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(body.length));
  return Buffer.concat([Buffer.from([first, 127]), length, body]);
}

const text = (value: string): Message => ({ type: 'text', text: value });

// RFC 6455 has these examples in section 5.7.
test('a masked "Hello" is the one of the RFC', () => {
  const frame = encodeFrame(opcodes.text, Buffer.from('Hello'), Buffer.from([0x37, 0xfa, 0x21, 0x3d]));
  assert.equal(frame.toString('hex'), '818537fa213d7f9f4d5158');
});

const examples: ReadonlyArray<{ what: string; bytes: string; messages: Message[] }> = [
  { what: 'an unmasked text', bytes: '810548656c6c6f', messages: [text('Hello')] },
  { what: 'a text in two parts', bytes: '010348656c 80026c6f', messages: [text('Hello')] },
  { what: 'a ping', bytes: '890548656c6c6f', messages: [{ type: 'ping', payload: Buffer.from('Hello') }] },
];
for (const { what, bytes, messages } of examples) {
  test(`reads ${what} of the RFC`, () => {
    assert.deepEqual(new FrameReader().read(Buffer.from(bytes.replace(' ', ''), 'hex')), messages);
  });
}

for (const length of [0, 1, 125, 126, 127, 0xffff, 0x10000, 1_000_000]) {
  test(`${length} bytes, both ways`, () => {
    const payload = Buffer.alloc(length, 'aé');
    assert.deepEqual(new FrameReader().read(fromServer(opcodes.text, payload)), [text(payload.toString())]);

    const mask = Buffer.from([1, 2, 3, 4]);
    const frame = encodeFrame(opcodes.text, payload, mask);
    assert.equal(frame[1]! & 0x80, 0x80, 'masked');
    const unmasked = frame.subarray(-length || frame.length).map((byte, at) => byte ^ mask[at % 4]!);
    assert.deepEqual(Buffer.from(unmasked), payload);
    assert.equal(frame.length, fromServer(opcodes.text, payload).length + 4, 'the shortest form of the length');
  });
}

const conversation = Buffer.concat([
  fromServer(opcodes.text, 'one'),
  fromServer(opcodes.text, 'two ', false),
  // Control frames may come between the parts of a message (section 5.4).
  fromServer(opcodes.ping, 'p'),
  fromServer(opcodes.continuation, 'three ', false),
  fromServer(opcodes.pong, ''),
  fromServer(opcodes.continuation, 'x'.repeat(300)),
  fromServer(opcodes.text, '€'),
  fromServer(opcodes.close, Buffer.from([0x03, 0xe8])),
]);
const said: Message[] = [
  text('one'),
  { type: 'ping', payload: Buffer.from('p') },
  text(`two three ${'x'.repeat(300)}`),
  text('€'),
  { type: 'close' },
];

test('a conversation in one chunk', () => {
  assert.deepEqual(new FrameReader().read(conversation), said);
});

for (const size of [1, 2, 3, 7, 100]) {
  test(`a conversation in chunks of ${size}`, () => {
    const reader = new FrameReader();
    const messages: Message[] = [];
    for (let at = 0; at < conversation.length; at += size) {
      messages.push(...reader.read(conversation.subarray(at, at + size)));
    }
    assert.deepEqual(messages, said);
  });
}

const wrong: ReadonlyArray<{ what: string; bytes: Buffer }> = [
  { what: 'a masked frame', bytes: encodeFrame(opcodes.text, Buffer.from('a'), Buffer.alloc(4)) },
  { what: 'a reserved bit', bytes: Buffer.from([0xc1, 0]) },
  { what: 'opcode 3', bytes: Buffer.from([0x83, 0]) },
  { what: 'opcode 2', bytes: fromServer(0x2, 'binary') },
  { what: 'a part of no message', bytes: fromServer(opcodes.continuation, 'a') },
  {
    what: 'a part of no message',
    bytes: Buffer.concat([fromServer(opcodes.text, 'a', false), fromServer(opcodes.text, 'b')]),
  },
  { what: 'a long control frame', bytes: fromServer(opcodes.ping, Buffer.alloc(126)) },
  { what: 'a long control frame', bytes: fromServer(opcodes.ping, '', false) },
  { what: 'bytes', bytes: Buffer.from('817f7fffffffffffffff', 'hex') },
];
for (const { what, bytes } of wrong) {
  test(`${what} is refused: ${bytes.subarray(0, 10).toString('hex')}`, () => {
    assert.throws(() => new FrameReader().read(bytes), { code: 'ERR_INSPECTOR', message: new RegExp(what) });
  });
}

/** Returns the memory that is in use, in MB. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1024 / 1024;
}

test('a long message that comes byte by byte takes little more than its bytes', () => {
  const reader = new FrameReader();
  const before = memoryInUse();
  // The head of a frame of 200 MB.
  reader.read(Buffer.from('817f000000000c800000', 'hex'));
  for (let sent = 0; sent < 300_000; sent++) reader.read(Buffer.alloc(1, 'x'));
  assert.ok(memoryInUse() - before < 10, `${memoryInUse() - before} MB`);
  assert.deepEqual(reader.read(Buffer.alloc(1)), []);
});

test('a small part keeps nothing of what it came with', () => {
  const reader = new FrameReader();
  const before = memoryInUse();
  const pings = Buffer.concat(Array.from({ length: 500 }, () => fromServer(opcodes.ping, Buffer.alloc(125))));
  for (let sent = 0; sent < 1000; sent++) {
    const part = fromServer(sent === 0 ? opcodes.text : opcodes.continuation, 'x', false);
    reader.read(Buffer.concat([pings, part]));
  }
  assert.ok(memoryInUse() - before < 10, `${memoryInUse() - before} MB`);
  const [last] = reader.read(fromServer(opcodes.continuation, 'y'));
  assert.deepEqual(last, text(`${'x'.repeat(1000)}y`));
});

test('a message in parts without end is refused, also in empty ones', () => {
  const reader = new FrameReader();
  reader.read(fromServer(opcodes.text, '', false));
  const part = fromServer(opcodes.continuation, '', false);
  const send = (): void => {
    for (let sent = 0; sent < 5000; sent++) reader.read(part);
  };
  assert.throws(send, { code: 'ERR_INSPECTOR', message: /a message without end/ });
});
