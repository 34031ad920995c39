import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import type { Network } from '../../../src/contract/modes.ts';
import { formatAddress, parseAddress, type ListenTarget } from '../../../src/listeners/address.ts';

const good: Array<[string | number, ListenTarget, Network?]> = [
  [':8080', { port: 8080 }],
  [8080, { port: 8080 }],
  ['8080', { port: 8080 }],
  [':0', { port: 0 }],
  [0, { port: 0 }],
  ['127.0.0.1:80', { port: 80, host: '127.0.0.1' }],
  ['localhost:65535', { port: 65535, host: 'localhost' }],
  ['[::1]:8080', { port: 8080, host: '::1' }],
  ['[::]:0', { port: 0, host: '::' }],
  [':8080', { port: 8080, host: '0.0.0.0' }, 'tcp4'],
  [':8080', { port: 8080, host: '::', ipv6Only: true }, 'tcp6'],
  ['127.0.0.1:1', { port: 1, host: '127.0.0.1' }, 'tcp6'],
  ['unix:/tmp/a.sock', { path: '/tmp/a.sock' }],
  ['unix:a.sock', { path: resolve('a.sock') }],
  ['unix:\0abstract', { path: '\0abstract' }],
  ['systemd:web', { path: 'systemd:web' }],
  ['systemd:prefork.socket', { path: 'systemd:prefork.socket' }],
];

for (const [address, expected, network] of good) {
  test(`${JSON.stringify(address)} ${network ?? ''}`, () => assert.deepEqual(parseAddress(address, network), expected));
}

const bad: Array<string | number> = [
  '',
  ':',
  'localhost',
  'localhost:',
  ':65536',
  65536,
  -1,
  1.5,
  NaN,
  ':-1',
  ':8o80',
  '::1',
  '::1:80',
  '[::1]',
  '[::1:80',
  '[localhost]:80',
  'http://localhost:80',
  'a b:80',
  'unix:',
  'systemd:',
  ':080808',
  ' :80',
];

for (const address of bad) {
  test(`${JSON.stringify(address)} is refused with what was expected`, () => {
    assert.throws(() => parseAddress(address), { code: 'ERR_INVALID_ADDRESS', message: /expected ":8080"/ });
  });
}

test('addresses are printed as they can be typed', () => {
  assert.equal(formatAddress({ address: '127.0.0.1', port: 80 }), '127.0.0.1:80');
  assert.equal(formatAddress({ address: '::', port: 80 }), '[::]:80');
  assert.equal(formatAddress({ address: '/tmp/a.sock', port: -1 }), 'unix:/tmp/a.sock');
  assert.equal(formatAddress({ address: '\0a', port: -1 }), 'unix:@a');
});
