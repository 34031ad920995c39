import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

const COUNT = 20_000;

/** What a byte may take, with the object that holds it where there is one. A store takes 1,024 bytes. */
const MOST_PER_BYTE = 700;

/** Returns the memory that is in use after what nothing holds was collected, bytes. */
function used(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/**
 * A body that comes byte by byte, and each is taken before the next one comes.
 *
 * @param beforeEnd is called when all have come, and the body has not ended
 */
function trickle(beforeEnd: () => void): Body {
  let left = COUNT;
  const next = (): void => {
    if (left-- > 0) return body.append(ONE, 0, 1, -1);
    beforeEnd();
    body.complete();
  };
  const body: Body = new Body({} as RequestHead, () => void setImmediate(next));
  next();
  return body;
}

test('a stream that comes byte by byte, and is read whole, takes about as much memory as it has bytes', async () => {
  const before = used();
  let took = 0;
  const whole = await trickle(() => (took = used() - before)).buffer();
  assert.equal(whole.toString(), 'x'.repeat(COUNT));
  assert.ok(took < MOST_PER_BYTE * COUNT, `${took} bytes`);
  assert.ok(whole.buffer.byteLength <= 3 * COUNT, `${whole.buffer.byteLength} bytes`);
});

test('so do its pieces, where an application keeps them all', async () => {
  const before = used();
  let took = 0;
  const pieces: Buffer[] = [];
  for await (const piece of trickle(() => (took = used() - before))) pieces.push(piece);
  assert.equal(pieces.length, COUNT);
  assert.ok(took < MOST_PER_BYTE * COUNT, `${took} bytes`);
});
