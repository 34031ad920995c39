/** Tests hosts and ports, in every place where a request may have them: the field, the absolute form, and CONNECT's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read } from './reading.ts';

const right: readonly string[] = [
  'a',
  'A.Example.',
  'a_b.test',
  "!$&'()*+,;=~-",
  'a%41%fF',
  '123456789012',
  'web.1',
  '1.2.3.4.nip.io',
  '127.0.0.1',
  '255.255.255.255',
  '[::1]',
  '[1:2:3:4:5:6:1.2.3.4]',
  '[v1f.a:b]',
];

const wrong: readonly string[] = [
  'a:b',
  'a:80:80',
  'a:x',
  'a:99999',
  'a:65536',
  'a:-1',
  'a:0x50',
  'a: 80',
  ':80',
  '[',
  '[]',
  '[::1',
  '::1',
  '[::1]x',
  '[::1]:x',
  '[::1%25eth0]',
  '[::g]',
  '[1.2.3.4]',
  '[v.a]',
  ']',
  'a]',
  'a%zz',
  'a%4',
  'a%',
  '256.1.1.1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.4.',
  '01.2.3.4',
  '1..2.3',
  'user@a',
  'a\\b',
  'a#b',
  'a"b',
  'a<b',
  'a|b',
  'a,b:c',
  'a\xfc',
  'a b',
];

const forms: ReadonlyArray<readonly [name: string, head: (authority: string) => string]> = [
  ['the field', (authority) => `GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`],
  ['the field in HTTP/1.0', (authority) => `GET / HTTP/1.0\r\nHost: ${authority}\r\n\r\n`],
  ['the absolute form', (authority) => `GET http://${authority}/ HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['the absolute form with a query alone', (authority) => `GET HTTPS://${authority}?q HTTP/1.1\r\nHost: a\r\n\r\n`],
  [
    'the absolute form, where the field is wrong',
    (authority) => `GET http://a/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
  ],
];

for (const [form, head] of forms) {
  test(`${form} has a host and at most a port`, () => {
    for (const host of right) {
      for (const port of ['', ':', ':0', ':80', ':00080', ':65535']) {
        assert.equal(verdict(head(host + port)), 'complete', host + port);
      }
    }
    for (const authority of wrong) assert.equal(verdict(head(authority)), 'refused', authority);
  });
}

test('the field may be empty, the absolute form has a host', () => {
  assert.equal(verdict('GET / HTTP/1.1\r\nHost: \r\n\r\n'), 'complete');
  assert.equal(verdict('GET http:/// HTTP/1.1\r\nHost: \r\n\r\n'), 'refused');
});

test('CONNECT has a host and a port', () => {
  const head = (authority: string): string => `CONNECT ${authority} HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (const host of right) assert.equal(verdict(head(`${host}:443`)), 'complete', host);
  for (const authority of [...right, ...right.map((host) => `${host}:`), ...wrong]) {
    assert.equal(verdict(head(authority)), 'refused', authority);
  }
});

function verdict(head: string): string {
  return read([Buffer.from(head, 'latin1')]).verdict;
}
