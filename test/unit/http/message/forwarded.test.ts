/** Tests whose request it is behind trusted proxies, and that no client can take the address of another. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Forwarded } from '../../../../src/http/message/forwarded.ts';
import { MisuseError } from '../../../../src/http/protocol/errors.ts';
import type { Fields } from '../../../../src/http/protocol/fields.ts';
import { Server, type ServerOptions } from '../../../../src/http/server/server.ts';
import { certificate } from '../../../support/paths.ts';

const secure = { key: readFileSync(certificate.TLS_KEY), cert: readFileSync(certificate.TLS_CERT) };
const LOCAL = ['127.0.0.0/8', '10.0.0.0/8', 'fd00::/8'];

/** Asks a server what it takes for the address. */
async function addressSeen(options: Partial<ServerOptions>, fields: readonly string[]): Promise<string> {
  const server = new Server({
    handler: (ctx) => ctx.end(`${ctx.remoteAddress} ${ctx.socket.remoteAddress}`),
    ...options,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
  socket.write(
    `GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`,
  );
  let text = '';
  socket.on('data', (piece: string) => void (text += piece));
  await once(socket, 'close');
  server.close();
  const [, seen, peer] = /\r\n\r\n(\S+) (\S+)$/.exec(text) ?? [];
  assert.equal(peer, '127.0.0.1', text);
  return seen!;
}

const cases: ReadonlyArray<readonly [what: string, field: string | readonly string[], expected: string]> = [
  ['no field', [], '127.0.0.1'],
  ['one client', 'X-Forwarded-For: 192.0.2.1', '192.0.2.1'],
  ['what stands left of the client', 'X-Forwarded-For: 198.51.100.9, 192.0.2.1', '192.0.2.1'],
  ['several proxies', 'X-Forwarded-For: 198.51.100.9, 192.0.2.1, 10.1.2.3, 10.0.0.1', '192.0.2.1'],
  ['only proxies', 'X-Forwarded-For: 10.0.0.9, 10.0.0.1', '10.0.0.9'],
  ['several fields', ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 10.0.0.1'], '192.0.2.1'],
  ['ports', 'X-Forwarded-For: 192.0.2.1:4711, 10.0.0.1:80', '192.0.2.1'],
  ['IPv6', 'X-Forwarded-For: 2001:db8::1, fd00::5', '2001:db8::1'],
  ['IPv6 with a port', 'X-Forwarded-For: [2001:db8::1]:4711', '2001:db8::1'],
  ['an entry that is none', 'X-Forwarded-For: 192.0.2.1, unknown, 10.0.0.1', '10.0.0.1'],
  ['an empty entry', 'X-Forwarded-For: 192.0.2.1, ', '127.0.0.1'],
  ['brackets around IPv4', 'X-Forwarded-For: [192.0.2.1]', '127.0.0.1'],
  ['a number of a port that is none', 'X-Forwarded-For: 192.0.2.1:x', '127.0.0.1'],
  ['the other field', 'Forwarded: for=192.0.2.1', '127.0.0.1'],
];
for (const [what, field, expected] of cases) {
  test(`X-Forwarded-For, ${what}: ${expected}`, async () => {
    assert.equal(await addressSeen({ trustedProxies: LOCAL }, [field].flat()), expected);
  });
}

const forwarded: ReadonlyArray<readonly [what: string, field: string, expected: string]> = [
  ['one client', 'Forwarded: for=192.0.2.1;proto=https;by=10.0.0.1', '192.0.2.1'],
  ['any case, with quotes', 'Forwarded: proto=http; For="192.0.2.1:4711"', '192.0.2.1'],
  ['IPv6', 'Forwarded: for="[2001:db8::1]:4711"', '2001:db8::1'],
  ['several', 'Forwarded: for=198.51.100.9, for=192.0.2.1, for=10.0.0.1', '192.0.2.1'],
  ['a comma within quotes', 'Forwarded: for=192.0.2.1;host="a,for=198.51.100.9"', '192.0.2.1'],
  ['a quote that is escaped', 'Forwarded: for=192.0.2.1;host="\\",for=198.51.100.9"', '192.0.2.1'],
  ['a quote that the client left open', 'Forwarded: for=", for=192.0.2.1', '192.0.2.1'],
  ['another such', 'Forwarded: x="\\", for="[2001:db8::1]"', '2001:db8::1'],
  ['a quote at the end', 'Forwarded: for=192.0.2.1"', '127.0.0.1'],
  ['a hidden client', 'Forwarded: for=_secret, for=10.0.0.1', '10.0.0.1'],
  ['two in one element', 'Forwarded: for=192.0.2.1;for=198.51.100.9', '127.0.0.1'],
  ['a name that ends alike', 'Forwarded: xfor=192.0.2.1', '127.0.0.1'],
  ['the other field', 'X-Forwarded-For: 192.0.2.1', '127.0.0.1'],
];
for (const [what, field, expected] of forwarded) {
  test(`Forwarded, ${what}: ${expected}`, async () => {
    const options = { trustedProxies: LOCAL, forwardedField: 'forwarded' } as const;
    assert.equal(await addressSeen(options, [field]), expected);
  });
}

test('a peer that is not trusted is the client, whatever it says', async () => {
  const fields = ['X-Forwarded-For: 192.0.2.1', 'Forwarded: for=192.0.2.1'];
  assert.equal(await addressSeen({ trustedProxies: ['10.0.0.0/8', 'unix'] }, fields), '127.0.0.1');
  assert.equal(await addressSeen({}, fields), '127.0.0.1');
});

const spoofed = 'GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n';

test('a client by TCP that resets its connection is not taken for the trusted proxy of a Unix socket', async () => {
  let seen: (address: string | undefined) => void;
  const server = new Server({
    trustedProxies: ['unix'],
    handler: async (ctx) => {
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
      seen(ctx.remoteAddress);
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handled = new Promise<string | undefined>((resolve) => (seen = resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(spoofed, () => socket.resetAndDestroy());
  assert.equal(await handled, '127.0.0.1');
  server.close();
});

test('nor is one that has reset it before it was accepted', () => {
  const fields = { get: () => '192.0.2.1' } as unknown as Fields;
  const client = (isOfUnixSocket: boolean): string | undefined =>
    new Forwarded(['unix'], 'x-forwarded-for').clientOf({ address: undefined, isOfUnixSocket }, fields);
  assert.equal(client(false), undefined);
  assert.equal(client(true), '192.0.2.1');
});

for (const isEncrypted of [false, true]) {
  test(`the proxy of a Unix socket is trusted${isEncrypted ? ', with TLS' : ''}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'http.sock');
    const server = new Server({
      trustedProxies: ['unix'],
      handler: (ctx) => ctx.end(`<${ctx.remoteAddress}>`),
      ...(isEncrypted && { tls: secure }),
    });
    server.listen(path);
    await once(server, 'listening');
    const socket = isEncrypted ? connectTls({ path, rejectUnauthorized: false }) : connect(path);
    socket.setEncoding('utf8').write(spoofed);
    let text = '';
    for await (const piece of socket as AsyncIterable<string>) if ((text += piece).includes('>')) break;
    assert.match(text, /<192\.0\.2\.1>/);
    server.close();
  });
}

test('what is no network, or no field, is refused', () => {
  const handler = (): void => {};
  const bads = [{ trustedProxies: ['proxy.example'] }, { trustedProxies: '10.0.0.0/8' }, { forwardedField: 'via' }];
  for (const options of bads as unknown as Array<Partial<ServerOptions>>)
    assert.throws(() => new Server({ handler, ...options }), MisuseError);
});
