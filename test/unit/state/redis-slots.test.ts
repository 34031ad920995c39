/** Tests what is known of a cluster: which server has which slot, as its servers say it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotMap } from '../../../src/state/redis/slot-map.ts';
import { redirectionIn, slotOf, slotRangesIn } from '../../../src/state/redis/slots.ts';

const asked = { host: '10.0.0.1', port: 7000 };
const a = { host: '10.0.0.2', port: 7001 };
const b = { host: '10.0.0.3', port: 7002 };

test('the slot of a key is that of what its first braces hold', () => {
  assert.equal(slotOf('foo'), 12_182);
  assert.equal(slotOf('prefork:{counters}:a'), slotOf('prefork:{counters}#done:7'));
  assert.equal(slotOf('{a}{b}'), slotOf('a'));
  assert.notEqual(slotOf('{}a'), slotOf('a'));
});

test('what a server says of the slots', () => {
  const server = (host: string | null, port: number): unknown[] => [
    host === null ? null : Buffer.from(host),
    port,
    Buffer.from('id'),
  ];
  const reply = [
    [0, 5460, server('10.0.0.2', 7001), server('10.0.0.3', 7002)],
    [5461, 16_383, server(null, 7003), server('?', 7004), server('', 7005)],
  ];
  const ranges = slotRangesIn(reply, asked);
  assert.deepEqual(ranges[0], { first: 0, last: 5460, servers: [a, b] });
  // A server that does not know its own address is the one that was asked.
  assert.deepEqual(
    ranges[1]!.servers,
    [7003, 7004, 7005].map((port) => ({ host: '10.0.0.1', port })),
  );
  for (const bad of [
    null,
    7,
    [[0]],
    [[0, 1, [Buffer.from('x')]]],
    [['a', 1, server('x', 1)]],
    [[0, 1, server('x', NaN)]],
    [[-1, 1, server('x', 1)]],
    [[0, 16_384, server('x', 1)]],
    [[5, 4, server('x', 1)]],
    Array.from({ length: 3 }, () => [0, 16_383, server('x', 1)]),
  ]) {
    assert.throws(() => slotRangesIn(bad, asked), { code: 'ERR_STATE_UNAVAILABLE' }, JSON.stringify(bad));
  }
});

for (const [message, expected] of [
  ['MOVED 3999 10.0.0.2:7001', { kind: 'moved', place: a }],
  ['ASK 3999 10.0.0.2:7001', { kind: 'ask', place: a }],
  ['MOVED 1 ::1:7001', { kind: 'moved', place: { host: '::1', port: 7001 } }],
  ['MOVED 1 :7001', { kind: 'moved', place: { host: '10.0.0.1', port: 7001 } }],
  ['MOVED 1 ?:7001', { kind: 'moved', place: { host: '10.0.0.1', port: 7001 } }],
  ['MOVED 1 redis-1.example:7001', { kind: 'moved', place: { host: 'redis-1.example', port: 7001 } }],
  ['MOVED', undefined],
  ['MOVED 1 a b:1', undefined],
  ['TRYAGAIN Multiple keys request during rehashing of slot', undefined],
] as const) {
  test(`a server says ${message}`, () => assert.deepEqual(redirectionIn(message, asked), expected));
}

test('the map knows the owners, and asks each server in turn', () => {
  const map = new SlotMap([asked]);
  assert.deepEqual([map.nextServer(), map.nextServer()], [asked, asked]);
  assert.equal(map.ownerOf(7), undefined);
  map.learn([{ first: -5, last: 2 ** 52, servers: [a, b] }]);
  assert.deepEqual([map.ownerOf(0), map.ownerOf(16_383), map.ownerOf(16_384)], [a, a, undefined]);
  assert.deepEqual([...map.masters()], ['10.0.0.2:7001']);
  map.move(7, b);
  assert.deepEqual(map.ownerOf(7), b);
  assert.deepEqual(new Set([map.nextServer(), map.nextServer(), map.nextServer()]), new Set([asked, a, b]));
  map.learn([]);
  assert.equal(map.ownerOf(7), undefined);
});
