import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientHash } from '../../../src/balance/sticky-ip.ts';
import { clientOf } from '../../../src/contract/networks.ts';
import { SingleClientDetector } from '../../../src/worker/balancing/single-client-detector.ts';

const clients: ReadonlyArray<readonly [address: string, client: string]> = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2::1', '2001:db8:1:2'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1'],
  ['2001:db8:1:2::', '2001:db8:1:2'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  // A translator (RFC 6052) is no notation of IPv4 at a socket.
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
  ['', ''],
];
for (const [address, client] of clients) {
  test(`${address} is of the client ${client}`, () => {
    assert.equal(clientOf(address), client);
    assert.equal(clientHash(address, 1), clientHash(client, 1));
  });
}

test('a /64 whose addresses are all different is one client: sticky-ip says so', () => {
  const told: string[] = [];
  const detector = new SingleClientDetector((address) => told.push(address));
  for (let host = 1; host <= 100; host++) detector.saw(`2001:db8::${host.toString(16)}`);
  assert.deepEqual(told, ['2001:db8::64']);
});
