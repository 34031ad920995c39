/** Tests which proxies are trusted by a list of addresses and networks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTrustable, TrustedProxies } from '../../../src/contract/networks.ts';

test('networks hold their addresses, and IPv4 however it is written', () => {
  const networks = new TrustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::1', '198.51.100.128/25']);
  for (const address of [
    '10.0.0.0',
    '10.255.255.255',
    '::ffff:10.1.2.3',
    '192.0.2.7',
    'fd12::1',
    '2001:db8:0::1',
    '198.51.100.200',
  ])
    assert.ok(networks.has(address), address);
  for (const address of [
    '11.0.0.0',
    '9.255.255.255',
    '192.0.2.8',
    'fe00::1',
    '2001:db8::2',
    '198.51.100.127',
    '',
    'x',
    '::10.0.0.1',
  ])
    assert.ok(!networks.has(address), address);
  assert.ok(new TrustedProxies(['0.0.0.0/0']).has('203.0.113.9'));
  assert.ok(!new TrustedProxies(['0.0.0.0/0']).has('2001:db8::1'));
  assert.ok(new TrustedProxies(['::/0']).has('2001:db8::1'));
  assert.ok(new TrustedProxies(['fe80::/10']).has('fe80::1%eth0'));
  const mapped = new TrustedProxies(['::ffff:10.0.0.0/104']);
  assert.deepEqual([mapped.has('10.1.2.3'), mapped.has('11.1.2.3')], [true, false]);
});

test('what is no network is refused', () => {
  for (const text of [
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '010.0.0.0/8',
    '::/129',
    ':::/8',
    '1:2:3:4:5:6:7',
    'fe80::1%eth0',
    '1.2.3.4.5',
    '::1::',
    'g::',
    '12345::',
    '*',
  ])
    assert.ok(!isTrustable(text), text);
});

test('clients of Unix sockets are trusted where the list says so', () => {
  assert.ok(isTrustable('unix'));
  assert.ok(new TrustedProxies(['10.0.0.0/8', 'unix']).has(undefined));
  assert.ok(!new TrustedProxies(['0.0.0.0/0', '::/0']).has(undefined));
  assert.ok(!new TrustedProxies(['unix']).has('127.0.0.1'));
});
