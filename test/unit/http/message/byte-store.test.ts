import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Body } from '../../../../src/http/message/body.ts';
import { ByteStore } from '../../../../src/http/message/byte-store.ts';
import type { RequestHead } from '../../../../src/http/message/request-head.ts';

const ONE = Buffer.from('x');

function filled(count: number, expected: number): ByteStore {
  const store = new ByteStore();
  for (let nth = 0; nth < count; nth++) store.append(Buffer.from([nth & 0xff]), 0, 1, expected);
  return store;
}

for (const [count, expected] of [
  [0, -1],
  [1, 1],
  [1, -1],
  [1024, -1],
  [1025, 1025],
  [70_000, -1],
  [70_000, 70_000],
  [70_000, 10 ** 9],
] as const) {
  test(`${count} bytes of ${expected} are what was appended, one by one`, () => {
    const store = filled(count, expected);
    assert.equal(store.size, count);
    const bytes = store.take();
    assert.deepEqual(bytes, Buffer.from(Array.from({ length: count }, (_, nth) => nth & 0xff)));
    assert.equal(store.size, 0);
    assert.equal(store.bytes.length, 0);
  });
}

test('what was taken is not changed by what comes later', () => {
  const store = filled(3, -1);
  const taken = store.take();
  store.append(ONE, 0, 1, -1);
  assert.deepEqual([...taken], [0, 1, 2]);
  assert.equal(store.bytes.toString(), 'x');
});

/** Returns the memory of buffers that was allotted meanwhile, bytes. It holds what `run` returns. */
async function allotted(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  const held = await run();
  const after = process.memoryUsage().arrayBuffers;
  assert.ok(held);
  return after - before;
}

const COUNT = 20_000;

/** A body that comes byte by byte, and each is taken before the next one comes. */
function trickle(): Body {
  let left = COUNT;
  const next = (): void => {
    if (left-- > 0) body.append(ONE, 0, 1, -1);
    else body.complete();
  };
  const body: Body = new Body({} as RequestHead, () => void setImmediate(next));
  next();
  return body;
}

test('of a stream that comes byte by byte the whole costs twice its bytes at most', async () => {
  const body = trickle();
  const bytes = await allotted(async () => {
    const whole = await body.buffer();
    assert.equal(whole.toString(), 'x'.repeat(COUNT));
    assert.ok(whole.buffer.byteLength <= 3 * COUNT, `${whole.buffer.byteLength}`);
    return whole;
  });
  // Pieces that are not collected yet are in it, so this says only that they were small.
  assert.ok(bytes < 100 * COUNT, `${bytes}`);
});

test('so do its pieces, where an application keeps them all', async () => {
  const body = trickle();
  const bytes = await allotted(async () => {
    const pieces: Buffer[] = [];
    for await (const piece of body) pieces.push(piece);
    assert.equal(pieces.length, COUNT);
    return pieces;
  });
  assert.ok(bytes < 100 * COUNT, `${bytes}`);
});
