import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test } from 'node:test';
import { createServer as createSecureServer } from 'node:tls';
import { Address } from '../../../src/state/redis/address.ts';
import type { Client } from '../../../src/state/redis/connection.ts';
import { certificate } from '../../support/paths.ts';

/** Starts a sentinel that names this host and port as the master. */
async function sentinel(host: string, port: string): Promise<Server & AsyncDisposable> {
  const answer = `*2\r\n${bulk(host)}${bulk(port)}`;
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      // Each command is an array of strings, of which only one command has this word.
      for (let match = /^\*\d+\r\n(?:\$\d+\r\n[^\r]*\r\n)+?(?=\*|$)/.exec(text); match !== null;) {
        text = text.slice(match[0].length);
        socket.write(match[0].includes('get-master-addr-by-name') ? answer : '+OK\r\n');
        match = /^\*\d+\r\n(?:\$\d+\r\n[^\r]*\r\n)+?(?=\*|$)/.exec(text);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(server, { [Symbol.asyncDispose]: async () => void server.close() });
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

async function clientFor(host: string, port: string): Promise<string> {
  await using server = await sentinel(host, port);
  const at = (server.address() as AddressInfo).port;
  const client = await new Address(`redis+sentinel://:secret@127.0.0.1:${at}/mine/2`).newClient(2000);
  const { url } = (client as unknown as { options: { url: string } }).options;
  return url;
}

for (const [host, url] of [
  ['10.0.0.7', 'redis://:secret@10.0.0.7:6380/2'],
  ['::1', 'redis://:secret@[::1]:6380/2'],
  ['redis-1.example_net', 'redis://:secret@redis-1.example_net:6380/2'],
] as const) {
  test(`a sentinel names ${host}`, async () => assert.equal(await clientFor(host, '6380'), url));
}

for (const [host, port] of [
  ['', '6379'],
  ['a/b', '6379'],
  ['evil:1@x', '6379'],
  ['a b', '6379'],
  ['-x', '6379'],
  ['fe80::1%eth0', '6379'],
  ['x'.repeat(254), '6379'],
  ['redis', ''],
  ['redis', '0'],
  ['redis', '65536'],
  ['redis', '6379/x'],
  ['redis', '1e3'],
] as const) {
  test(`no server gets the password when a sentinel names ${JSON.stringify(host.slice(0, 20))} ${port}`, async () => {
    await assert.rejects(clientFor(host, port), (error: AggregateError) => {
      assert.match(String(error.errors[0]), /a sentinel names no server|Invalid URL/);
      return true;
    });
  });
}

test('with TLS a sentinel is asked nothing in plain text', async () => {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        heard.push(bytes);
        socket.destroy();
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await assert.rejects(new Address(`rediss+sentinel://:secret@localhost:${port}/mine`).newClient(2000));
    const all = Buffer.concat(heard);
    // A record of TLS that holds a handshake, with the name of the server.
    assert.equal(all[0], 22);
    assert.ok(all.includes('localhost'));
    assert.ok(!all.includes('SENTINEL') && !all.includes('HELLO') && !all.includes('mine'));
  } finally {
    server.close();
  }
});

/** Connects over TLS, and returns the names that the server was asked for. No client trusts its certificate. */
async function namesAskedFor(clientAt: (port: number) => Promise<Client>, host: string): Promise<string[]> {
  const names: string[] = [];
  const server = createSecureServer({
    key: readFileSync(certificate.TLS_KEY),
    cert: readFileSync(certificate.TLS_CERT),
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  }).listen(0, host);
  await once(server, 'listening');
  try {
    const client = await clientAt((server.address() as AddressInfo).port);
    client.on('error', () => {});
    await assert.rejects(client.connect(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  } finally {
    server.close();
  }
  return names;
}

for (const [host, at, names] of [
  ['localhost', 'localhost', ['localhost']],
  ['127.0.0.1', '127.0.0.1', []],
  ['::1', '[::1]', []],
] as const) {
  test(`with TLS a server is asked for by its name, and not by an address: ${host}`, async () => {
    const alone = (port: number): Promise<Client> => new Address(`rediss://${at}:${port}/2`).newClient(2000);
    assert.deepEqual(await namesAskedFor(alone, host), names);
  });

  test(`so is a server of a cluster: ${host}`, async () => {
    const cluster = new Address('rediss+cluster://10.0.0.1:7000');
    const named = (port: number): Promise<Client> => cluster.newClientAt({ host, port }, 2000);
    assert.deepEqual(await namesAskedFor(named, host), names);
  });
}

test('the name that a server is asked for has no dot at its end', async () => {
  const client = await new Address('rediss://redis.example.net.').newClient(2000);
  const { socket } = (client as unknown as { options: { socket: { host: string; servername: string } } }).options;
  assert.deepEqual([socket.host, socket.servername], ['redis.example.net.', 'redis.example.net']);
});
