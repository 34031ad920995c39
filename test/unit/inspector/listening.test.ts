import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { endianness } from 'node:os';
import { test } from 'node:test';
import { poll } from '../../support/watched.ts';
import { listeningOnLoopback, openIn, parseRow } from '../../../src/inspector/listening.ts';
import { noIpv6 } from '../../support/platform.ts';

const tail = '00000000:00000000 00:00000000 00000000  1000        0 40508 1 0000000000000000 100 0 0 10 0';

/** Rows as proc(5) shows them on a little-endian machine. */
const rows: ReadonlyArray<{ line: string; host: string; port: number }> = [
  { line: `   0: 0100007F:1F90 00000000:0000 0A ${tail}`, host: '127.0.0.1', port: 8080 },
  { line: `  12: 00000000:0050 00000000:0000 0A ${tail}`, host: '0.0.0.0', port: 80 },
  {
    line: `   1: 00000000000000000000000001000000:A7C3 00000000000000000000000000000000:0000 0A ${tail}`,
    host: '0:0:0:0:0:0:0:1',
    port: 0xa7c3,
  },
  {
    line: `   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A ${tail}`,
    host: '2001:db8:0:0:0:0:0:1',
    port: 443,
  },
];
for (const { line, host, port } of rows) {
  test(`${host} ${port}`, { skip: endianness() !== 'LE' && 'the rows are little-endian' }, () => {
    assert.deepEqual(parseRow(line), { host, port, inode: '40508' });
  });
}

test('what does not listen is no row', () => {
  assert.equal(parseRow(`   0: 0100007F:1F90 0100007F:C000 01 ${tail}`), undefined);
  assert.equal(parseRow('  sl  local_address rem_address   st tx_queue rx_queue'), undefined);
  assert.equal(parseRow(''), undefined);
});

const skip = process.platform === 'linux' ? false : 'needs /proc';

for (const host of ['127.0.0.1', '::1']) {
  test(`finds a server of this process at ${host}`, { skip: skip || (host === '::1' && noIpv6) }, async (t) => {
    const server = createServer().listen(0, host);
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const own = await openIn(process.pid, await listeningOnLoopback(process.pid));
    assert.deepEqual(
      own.map((socket) => socket.port),
      [port],
    );
    assert.deepEqual(await openIn(1, own), [], 'which is not another’s');
  });
}

test('a server at all addresses is not on the loopback alone', { skip }, async (t) => {
  const server = createServer().listen(0);
  t.after(() => server.close());
  await once(server, 'listening');
  assert.deepEqual(await openIn(process.pid, await listeningOnLoopback(process.pid)), []);
});

test('a process that is gone has nothing', { skip }, async () => {
  assert.deepEqual(await listeningOnLoopback(0x7fffffff), []);
});

test('the table is left when the first connection comes, however many there are', { skip }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  // The table is larger than the page or so that the kernel returns at once.
  const clients = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
  t.after(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await listeningOnLoopback(process.pid);
  // A stream closes its file a moment after it has ended.
  const tables = (): string[] =>
    readdirSync('/proc/self/fd')
      .map((fd) => linkOf(`/proc/self/fd/${fd}`))
      .filter((path) => path.includes('/net/tcp'));
  await poll(() => tables().length === 0 || undefined, 'the table to be left');
});

/** Returns where a descriptor leads. A descriptor that was closed meanwhile leads nowhere. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
