import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT_PLACES } from '../../../src/contract/peer.ts';
import { decodeWorkerMessage } from '../../../src/ipc/messages.ts';

const listen = {
  type: 'listen',
  request: 1,
  address: null,
  port: 8080,
  family: 4,
  ipv6Only: false,
  ordinal: 0,
  readableAll: false,
  writableAll: false,
  data: undefined,
};

test('what a worker says comes through as it is', () => {
  const secure = { ...listen, data: { ticketKeys: '0123456789abcdef'.repeat(6) } };
  const unshared = { type: 'unshared', address: '::', port: 80, where: 'thread' };
  for (const message of [listen, secure, unshared, { type: 'drained' }, { type: 'closed', listener: 3 }]) {
    assert.deepEqual({ ...message, ...decodeWorkerMessage(message) }, message);
  }
});

test('fields that no message has are not kept', () => {
  const decoded = decodeWorkerMessage({ ...listen, ballast: 'x'.repeat(1000) });
  assert.deepEqual(
    Object.keys(decoded!).toSorted(),
    Object.keys(listen)
      .filter((key) => key !== 'data')
      .toSorted(),
  );
  const none = Array.from({ length: CLIENT_PLACES }, () => 0);
  const clients = { requests: none, abandoned: none };
  const health = { type: 'health', ok: true, reason: '', readings: [{ total: 1 }], clients };
  assert.deepEqual(decodeWorkerMessage(health), health);
  assert.equal(decodeWorkerMessage({ ...health, readings: [{ total: 1, ballast: 'x' }] }), undefined);
});

const bad: unknown[] = [
  undefined,
  null,
  1,
  'ready',
  [],
  {},
  { type: 'nothing' },
  { type: 'constructor' },
  { type: '__proto__' },
  { type: 1 },
  { type: 'closed' },
  { type: 'closed', listener: '3' },
  { type: 'closed', listener: 1.5 },
  { type: 'unshared', address: '::', port: 80, where: 'here' },
  { ...listen, port: 65_536 },
  { ...listen, port: -2 },
  { ...listen, port: '80' },
  { ...listen, family: 5 },
  { ...listen, address: 7 },
  { ...listen, request: undefined },
  { ...listen, port: -1, address: null },
  // Other workers get what the first one says, and give it to Node.
  { ...listen, data: null },
  { ...listen, data: {} },
  { ...listen, data: { ticketKeys: 7 } },
  { ...listen, data: { ticketKeys: '0123' } },
  { ...listen, data: { ticketKeys: 'x'.repeat(96) } },
];

for (const message of bad) {
  test(`refuses ${JSON.stringify(message)}`, () => assert.equal(decodeWorkerMessage(message), undefined));
}
