/** Tests what counts as the far end of a connection where another process says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPeer } from '../../../src/contract/peer.ts';

const peer = { address: '192.0.2.1', family: 'IPv4', port: 4711 };
const six = { address: '2001:db8::1', family: 'IPv6', port: 0 };

test('an address of either family with its port is one', () => {
  for (const one of [peer, six, { ...six, address: '::ffff:192.0.2.1' }]) assert.ok(isPeer(one));
});

test('what the receiver would print, keep or pass on is not', () => {
  const others: unknown[] = [
    undefined,
    null,
    'x',
    {},
    { ...peer, family: 'IPv6' },
    { ...six, family: 'IPv4' },
    { ...six, address: 'fe80::1%eth0' },
    { ...six, address: `::1%\n\u001B[31m${'x'.repeat(1000)}` },
    { ...peer, address: '192.0.2.1 ' },
    { ...peer, port: 65_536 },
    { ...peer, port: 1.5 },
    { ...peer, more: { cmd: 'NODE_PREFORK' } },
  ];
  for (const one of others) assert.ok(!isPeer(one), JSON.stringify(one));
});
