/** Tests which networks an address is of, held against Node's own list. */
import assert from 'node:assert/strict';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { test } from 'node:test';
import { isNetwork, Networks, parseAddress } from '../../../src/contract/networks.ts';
import { Random } from '../../support/random.ts';

test('networks hold their addresses, and IPv4 however it is written', () => {
  const networks = new Networks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::1', '198.51.100.128/25']);
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
  assert.ok(new Networks(['0.0.0.0/0']).has('203.0.113.9'));
  assert.ok(!new Networks(['0.0.0.0/0']).has('2001:db8::1'));
  assert.ok(new Networks(['::/0']).has('2001:db8::1'));
  assert.ok(new Networks(['fe80::/10']).has('fe80::1%eth0'));
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
    assert.ok(!isNetwork(text), text);
});

test('random addresses and networks are as Node has them', () => {
  const chance = new Random(11);
  const random = (below: number): number => chance.between(0, below - 1);
  const address = (): string =>
    random(2) === 0
      ? Array.from({ length: 4 }, () => random(random(2) === 0 ? 4 : 256)).join('.')
      : Array.from({ length: 8 }, () => random(random(2) === 0 ? 2 : 65_536).toString(16)).join(':');
  for (let count = 0; count < 5000; count++) {
    const [base, other] = [address(), address()];
    const family = isIPv6(base) ? 'ipv6' : 'ipv4';
    const bits = random(family === 'ipv6' ? 129 : 33);
    const list = new BlockList();
    list.addSubnet(base, bits, family);
    const expected = list.check(other, isIPv6(other) ? 'ipv6' : 'ipv4');
    assert.equal(new Networks([`${base}/${bits}`]).has(other), expected, `${base}/${bits} ${other}`);
  }
});

test('what Node takes for an address is one, and nothing else', () => {
  const chance = new Random(13);
  const random = (below: number): number => chance.between(0, below - 1);
  const marks = ['0', '1', 'f', '10', '255', ':', '::', '.', 'ffff', '%'];
  for (let count = 0; count < 50_000; count++) {
    const text = Array.from({ length: 1 + random(12) }, () => marks[random(marks.length)]).join('');
    if (text.includes('%')) continue;
    assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, text);
  }
});
