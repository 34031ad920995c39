/** Tests the reader of PROXY headers: what is one, what is none, however the bytes come. */
import assert from 'node:assert/strict';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import { HeaderReader, readHeader } from '../../../src/proxy-protocol/header-reader.ts';
import type { Reading } from '../../../src/proxy-protocol/reading.ts';
import { binary, binaryHeader, SIGNATURE, summedHeader, textHeader, value } from '../../support/proxy-headers.ts';
import { Random } from '../../support/random.ts';

const v4 = { from: '192.0.2.1', to: '198.51.100.7', port: 56_324 };
const v6 = { from: '2001:db8::1', to: '2001:db8:0:1::2', port: 65_535 };
const clientV4 = { address: '192.0.2.1', family: 'IPv4', port: 56_324 };
const clientV6 = { address: '2001:db8::1', family: 'IPv6', port: 65_535 };
const text = (line: string): Buffer => Buffer.from(line, 'latin1');

const good: ReadonlyArray<readonly [string, Buffer, object | undefined]> = [
  ['version 1, IPv4', textHeader(v4), clientV4],
  ['version 1, IPv6', textHeader(v6), clientV6],
  ['version 1, IPv6 in another notation', text('PROXY TCP6 2001:0DB8::0001 ::1 65535 1\r\n'), clientV6],
  ['version 1, unknown', text('PROXY UNKNOWN\r\n'), undefined],
  ['version 1, unknown with more', text(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), undefined],
  ['version 2, IPv4', binaryHeader(v4), clientV4],
  ['version 2, IPv6', binaryHeader(v6), clientV6],
  [
    'version 2, IPv4 as IPv6',
    binaryHeader({ ...v6, from: '::ffff:192.0.2.1' }),
    { ...clientV6, address: '::ffff:192.0.2.1' },
  ],
  ['version 2, a client without address', binaryHeader({ ...v6, from: '::' }), { ...clientV6, address: '::' }],
  [
    'version 2 with values',
    binaryHeader(v4, Buffer.concat([value(2, text('a.example')), value(4, Buffer.alloc(0))])),
    clientV4,
  ],
  ['version 2 with a checksum', summedHeader(v4), clientV4],
  ['version 2, local', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['version 2, local with a body', binary(0x20, 0x11, Buffer.alloc(5)), undefined],
  ['version 2, without a family', binary(0x21, 0x00, Buffer.alloc(7)), undefined],
  ['version 2, a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
  ['version 2, the longest', binaryHeader(v4, value(5, Buffer.alloc(4096 - 28 - 3))), clientV4],
];

test('each kind of header is read, at every split, and takes none of the bytes behind it', () => {
  for (const [name, header, client] of good) {
    const expected: Reading = { is: 'header', length: header.length, client: client as never };
    assert.deepEqual(readHeader(header), expected, name);
    assert.deepEqual(readHeader(Buffer.concat([header, header])), expected, name);
    for (let at = 1; at < Math.min(header.length, 300); at++) {
      const reader = new HeaderReader();
      assert.deepEqual(reader.read(header.subarray(0, at)), { is: 'more' }, `${name} at ${at}`);
      assert.deepEqual(reader.read(Buffer.concat([header.subarray(at), text('GET /')])), expected, `${name} at ${at}`);
      assert.equal(Buffer.from(reader.bytes.subarray(header.length)).toString(), 'GET /');
    }
  }
});

test('byte by byte', () => {
  for (const [name, header, client] of good) {
    const reader = new HeaderReader();
    const readings = [...header].map((byte) => reader.read(Uint8Array.of(byte)));
    assert.deepEqual(readings.pop(), { is: 'header', length: header.length, client }, name);
    assert.ok(
      readings.every(({ is }) => is === 'more'),
      name,
    );
  }
});

const wrongs: ReadonlyArray<readonly [string, Buffer, number?]> = [
  ['a request', text('GET / HTTP/1.1\r\n'), 1],
  ['a TLS record', Buffer.from('160301', 'hex'), 1],
  ['another beginning', text('PROXIES'), 5],
  ['two blanks', text('PROXY  TCP4 192.0.2.1 192.0.2.1 1 1\r\n')],
  ['no family', text('PROXY \r\n')],
  ['a name of every object', text('PROXY constructor 192.0.2.1 192.0.2.1 1 1\r\n')],
  ['small letters', text('PROXY tcp4 192.0.2.1 192.0.2.1 1 1\r\n')],
  ['no CR', text('PROXY TCP4 192.0.2.1 192.0.2.1 1 1\n')],
  ['CR alone', text('PROXY TCP4 192.0.2.1 192.0.2.1 1 1\rG')],
  ['a zero byte', text('PROXY TCP4 192.0.2.1\0 192.0.2.1 1 1\r\n'), 21],
  ['a leading zero', text('PROXY TCP4 192.0.02.1 192.0.2.1 1 1\r\n')],
  ['a number that is too large', text('PROXY TCP4 192.0.2.256 192.0.2.1 1 1\r\n')],
  ['an IPv6 address as IPv4', text('PROXY TCP4 ::1 ::1 1 1\r\n')],
  ['an IPv4 address as IPv6', text('PROXY TCP6 192.0.2.1 192.0.2.1 1 1\r\n')],
  ['an interface', text('PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n')],
  ['a bad destination', text('PROXY TCP4 192.0.2.1 x 1 1\r\n')],
  ['a port of six digits', text('PROXY TCP4 192.0.2.1 192.0.2.1 100000 1\r\n')],
  ['a port above all', text('PROXY TCP4 192.0.2.1 192.0.2.1 65536 1\r\n')],
  ['a negative port', text('PROXY TCP4 192.0.2.1 192.0.2.1 -1 1\r\n')],
  ['no port', text('PROXY TCP4 192.0.2.1 192.0.2.1 1\r\n')],
  ['a word more', text('PROXY TCP4 192.0.2.1 192.0.2.1 1 1 1\r\n')],
  ['unknown, and more without a blank', text('PROXY UNKNOWNS\r\n')],
  ['a line that does not end', text(`PROXY UNKNOWN ${'f'.repeat(92)}`), 106],
  ['a signature that goes wrong', Buffer.concat([SIGNATURE.subarray(0, 11), text('x')]), 12],
  ['version 3', binary(0x31, 0x11, Buffer.alloc(12)), 13],
  ['another command', binary(0x22, 0x11, Buffer.alloc(12)), 13],
  ['datagrams', binary(0x21, 0x12, Buffer.alloc(12)), 14],
  ['another family', binary(0x21, 0x41, Buffer.alloc(12)), 14],
  ['no room for the addresses', binary(0x21, 0x11, Buffer.alloc(11)), 16],
  ['no room for addresses of IPv6', binary(0x21, 0x21, Buffer.alloc(35)), 16],
  ['a header that is too long', binary(0x21, 0x11, Buffer.alloc(4096 - 15)), 16],
  ['the longest length', binary(0x20, 0x00, Buffer.alloc(65_535)), 16],
  ['a value that is cut', binaryHeader(v4, Buffer.from([4, 0]))],
  ['a value that is too long', binaryHeader(v4, Buffer.from([4, 0, 2, 1]))],
  ['a wrong checksum', binaryHeader(v4, value(3, Buffer.alloc(4)))],
  ['a checksum of another length', binaryHeader(v4, value(3, Buffer.alloc(5)))],
];

test('what is no header is refused with the first byte that shows it', () => {
  for (const [name, bytes, at = bytes.length] of wrongs) {
    assert.equal(readHeader(bytes.subarray(0, at - 1)).is, 'more', `${name}: too soon`);
    assert.equal(readHeader(bytes.subarray(0, at)).is, 'bad', name);
    assert.equal(readHeader(Buffer.concat([bytes, Buffer.alloc(200)])).is, 'bad', `${name}, with more behind it`);
  }
});

/** The two formats once more, as regular expressions and plain offsets, to hold the reader against. */
function clientBy(header: Buffer): string | undefined {
  const line = header.toString('latin1');
  const [, family, from = '', to = '', port] =
    /^PROXY (TCP4|TCP6) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})\r\n$/.exec(line) ?? [];
  const isOf = family === 'TCP4' ? isIPv4 : isIPv6;
  if (family !== undefined)
    return line.length <= 107 && isOf(from) && isOf(to) && !/%/.test(line) ? `${from} ${port}` : undefined;
  if (/^PROXY UNKNOWN(?: [ -~]*)?\r\n$/.test(line)) return line.length <= 107 ? 'nobody' : undefined;
  if (!header.subarray(0, 12).equals(SIGNATURE) || header.length !== 16 + header.readUInt16BE(14)) return undefined;
  if (header[12] === 0x20 || (header[12] === 0x21 && [0x00, 0x31].includes(header[13]!))) return 'nobody';
  const size = header[13] === 0x11 ? 4 : 16;
  const address = header.subarray(16, 16 + size);
  const shown =
    size === 4
      ? address.join('.')
      : new URL(`http://[${address.toString('hex').match(/.{4}/g)!.join(':')}]/`).hostname.slice(1, -1);
  return `${shown} ${header.readUInt16BE(16 + 2 * size)}`;
}

/** One change as faults and attackers make them. */
function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length);
  const copy = Buffer.from(bytes);
  const edge = [0x00, 0x0a, 0x0d, 0x20, 0x30, 0x7f, 0xff][random(7)]!;
  switch (random(6)) {
    case 0:
      copy[at]! ^= 1 << random(8);
      return copy;
    case 1:
      copy[at] = edge;
      return copy;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([edge, random(256)]), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length))]);
    default:
      copy.fill(random(256), at, Math.min(copy.length, at + 1 + random(8)));
      return copy;
  }
}

test('100,000 mutated headers: none is taken for what it is not, none crashes the reader', () => {
  const chance = new Random(20_260_101);
  const random = (below: number): number => chance.between(0, below - 1);
  const seeds = good.map(([, header]) => header).filter(({ length }) => length < 1000);
  const counts = { more: 0, header: 0, bad: 0 };
  for (let count = 0; count < 100_000; count++) {
    let bytes = mutate(seeds[random(seeds.length)]!, random);
    if (random(2) === 0) bytes = mutate(bytes, random);
    const reading = readHeader(bytes);
    counts[reading.is]++;
    // Cut anywhere, it is the same: what was bad stays bad.
    const cut = readHeader(bytes.subarray(0, random(bytes.length + 1)));
    if (reading.is === 'bad') assert.ok(cut.is !== 'header', bytes.toString('latin1'));
    if (reading.is !== 'header') continue;
    const { client, length } = reading;
    const said = client === undefined ? 'nobody' : `${normal(client.address)} ${client.port}`;
    const [address, ...rest] = (clientBy(bytes.subarray(0, length)) ?? 'none').split(' ');
    assert.equal(said, [normal(address!), ...rest].join(' '), bytes.toString('latin1'));
  }
  assert.ok(counts.bad > 50_000 && counts.header > 1000 && counts.more > 1000, JSON.stringify(counts));
});

test('no other byte anywhere in a header with a checksum makes another client of it', () => {
  const header = summedHeader(v4);
  for (let at = 0; at < header.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = Buffer.from(header);
      bytes[at] = byte;
      const reading = readHeader(bytes);
      if (reading.is === 'header' && reading.client !== undefined)
        assert.deepEqual(reading.client, clientV4, `${at} ${byte}`);
    }
  }
});

/** IPv6 has several notations, and the reader's is that of the kernel. */
function normal(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname : address;
}
