import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClusterMessage } from '../../../src/ipc/cluster-messages.ts';

const query = {
  act: 'queryServer',
  seq: 1,
  index: 0,
  address: null,
  port: 8080,
  addressType: 4,
  fd: undefined,
  flags: 0,
  backlog: 511,
  readableAll: false,
  writableAll: false,
  data: { any: ['thing'] },
};
const listening = { act: 'listening', seq: 2, address: '127.0.0.1', port: 8080, addressType: 4, fd: -1 };

test('what the workers of node:cluster say is known', () => {
  for (const message of [
    { act: 'online' },
    { act: 'exitedAfterDisconnect', seq: 3 },
    listening,
    { ...listening, addressType: 'udp4', address: null },
    { act: 'close', seq: 4, key: '127.0.0.1:8080:4::0' },
    query,
    { ...query, address: '/run/app.sock', port: -1, addressType: -1, backlog: null },
    { ack: 0, accepted: true },
    { ack: 7, seq: 8 },
  ]) {
    assert.ok(isClusterMessage(message), JSON.stringify(message));
  }
});

const nothing: Array<Record<string, unknown>> = [
  {},
  { act: 'disconnect' },
  { act: 'constructor' },
  { act: '__proto__' },
  { act: 1 },
  { act: 'online', seq: '1' },
  { ack: null },
  { ack: 1.5 },
  { ack: 2 ** 31 },
  { ack: 1, accepted: 'yes' },
  { act: 'close' },
  { act: 'close', key: 1 },
  { act: 'close', key: 'x'.repeat(1025) },
  ...[99_999, -2, 1.5, '80', {}, NaN].map((port) => ({ ...query, port })),
  ...['', {}, 7, 'x'.repeat(1025)].map((address) => ({ ...query, address })),
  ...[5, 'IPv5', {}].map((addressType) => ({ ...query, addressType })),
  ...[1.5, '1', 2 ** 31, [], {}].flatMap((value) => [
    { ...query, index: value },
    { ...query, fd: value },
    { ...query, flags: value },
    { ...query, backlog: value },
  ]),
  { ...query, readableAll: 1 },
  { ...listening, port: 65_536 },
];

for (const message of nothing) {
  test(`no worker says ${JSON.stringify(message).slice(0, 120)}`, () => assert.ok(!isClusterMessage(message)));
}
