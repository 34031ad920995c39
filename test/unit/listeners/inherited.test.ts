import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { test } from 'node:test';
import { channelOf } from '../../../src/ipc/node-channel.ts';
import { inheritedSockets, openDescriptors, type InheritedSocket } from '../../../src/listeners/inherit.ts';
import { Inherited } from '../../../src/listeners/inherited.ts';
import type { ListenQuery } from '../../../src/contract/listening.ts';
import { Listener } from '../../../src/listeners/listener.ts';
import type { NativeHandle } from '../../../src/listeners/native.ts';
import { parseUnixTable } from '../../../src/listeners/unix-table.ts';

const anywhere: ListenQuery = {
  address: null,
  port: 8080,
  family: 4,
  ipv6Only: false,
  ordinal: 0,
  readableAll: false,
  writableAll: false,
  data: null,
};
const unix = (address: string): ListenQuery => ({ ...anywhere, address, port: -1, family: -1 });

/** Makes a fake inherited socket, whose handle only remembers that it was closed. */
function socket(name: string, address: string, port: number): InheritedSocket & { isClosed: boolean } {
  const one = {
    fd: 3,
    name,
    address,
    port,
    family: port === -1 ? (-1 as const) : address.includes(':') ? (6 as const) : (4 as const),
    isClosed: false,
    handle: { close: () => void (one.isClosed = true) } as NativeHandle,
  };
  return one;
}

/** The inherited sockets as `name=address`, what is wanted, and which socket it gets. */
const takes: ReadonlyArray<{ has: InheritedSocket[]; wants: ListenQuery; gets: string | undefined }> = [
  { has: [socket('web', '::', 8080)], wants: anywhere, gets: 'web' },
  { has: [socket('web', '0.0.0.0', 8080)], wants: anywhere, gets: 'web' },
  { has: [socket('four', '0.0.0.0', 8080), socket('six', '::', 8080)], wants: anywhere, gets: 'six' },
  { has: [socket('web', '::', 8080)], wants: { ...anywhere, address: '0.0.0.0' }, gets: 'web' },
  {
    has: [socket('six', '::', 8080), socket('four', '0.0.0.0', 8080)],
    wants: { ...anywhere, address: '0.0.0.0' },
    gets: 'four',
  },
  {
    has: [socket('web', '0.0.0.0', 8080)],
    wants: { ...anywhere, address: '::', family: 6, ipv6Only: true },
    gets: undefined,
  },
  { has: [socket('web', '::', 8080)], wants: { ...anywhere, address: '::', family: 6, ipv6Only: true }, gets: 'web' },
  { has: [socket('web', '127.0.0.1', 8080)], wants: anywhere, gets: undefined },
  { has: [socket('web', '127.0.0.1', 8080)], wants: { ...anywhere, address: '127.0.0.1' }, gets: 'web' },
  { has: [socket('web', '::', 80)], wants: anywhere, gets: undefined },
  { has: [socket('web', '/run/web.sock', -1)], wants: unix('/run/web.sock'), gets: 'web' },
  { has: [socket('web', '/run/web.sock', -1)], wants: unix('/run/other.sock'), gets: undefined },
  { has: [socket('web', '::', 8080)], wants: unix('systemd:web'), gets: 'web' },
  { has: [socket('web', '/run/web.sock', -1)], wants: unix('systemd:web'), gets: 'web' },
  { has: [socket('web', '::', 8080)], wants: unix('systemd:admin'), gets: undefined },
  { has: [socket('web', '::', 8080)], wants: unix('systemd:'), gets: undefined },
];
for (const { has, wants, gets } of takes) {
  const sockets = has.map(({ name, address, port }) => `${name}=${address} ${port}`).join(', ');
  test(`${sockets}: ${wants.address} ${wants.port} gets ${gets}`, () => {
    assert.equal(new Inherited(has).take(wants)?.name, gets);
  });
}

test('each is taken once, and again when it was given back', () => {
  const [first, second] = [socket('web', '::', 80), socket('web', '::', 443)];
  const inherited = new Inherited([first, second]);
  assert.equal(inherited.take(unix('systemd:web')), first);
  assert.equal(inherited.take(unix('systemd:web')), second);
  assert.equal(inherited.take(unix('systemd:web')), undefined);
  inherited.giveBack(first.handle);
  inherited.giveBack(first.handle);
  assert.deepEqual(inherited.leftovers(), ['web=[::]:80']);
  assert.equal(inherited.take(unix('systemd:web')), first);
});

test('what nobody has taken is told, and closed', () => {
  const [web, admin] = [socket('web', '::', 80), socket('admin', '/run/admin.sock', -1)];
  const inherited = new Inherited([web, admin]);
  inherited.take({ ...anywhere, port: 80 });
  assert.deepEqual(inherited.leftovers(), ['admin=unix:/run/admin.sock']);
  inherited.close();
  assert.deepEqual([web.isClosed, admin.isClosed], [false, true]);
  assert.deepEqual(inherited.leftovers(), []);
});

test('a listener serves an inherited socket, shared, under its real address, and gives it back', async () => {
  const web = socket('web', '10.0.0.1', 8080);
  const inherited = new Inherited([web]);
  const listener = await Listener.open(1, unix('systemd:web'), 3, { sharing: 'reuseport', passed: inherited });
  assert.deepEqual([listener.address, listener.port, listener.isPassed], ['10.0.0.1', 8080, true]);
  assert.equal(listener.socket(0), web.handle);
  assert.equal(listener.socket(7), web.handle);
  listener.close();
  assert.equal(web.isClosed, false);
  assert.equal(inherited.take(unix('systemd:web')), web);
});

test('a name that nobody passed is ENOENT, and no file of that name', async () => {
  const opening = Listener.open(1, unix('systemd:web'), 0, { sharing: 'shared', passed: new Inherited([]) });
  await assert.rejects(opening, { address: 'systemd:web', errno: -2 });
  await assert.rejects(Listener.open(1, unix('systemd:web'), 0, { sharing: 'shared' }), { errno: -2 });
});

test('a listener that is not inherited says so', async () => {
  const listener = await Listener.open(1, { ...anywhere, address: '127.0.0.1', port: 0 }, 0, {
    sharing: 'shared',
    passed: new Inherited([]),
  });
  assert.equal(listener.isPassed, false);
  listener.close();
});

/** Environments of process 42 in which nothing was passed, or nothing valid. */
const none: ReadonlyArray<NodeJS.ProcessEnv> = [
  {},
  { LISTEN_FDS: '1' },
  { LISTEN_PID: '41', LISTEN_FDS: '1', LISTEN_FDNAMES: 'web', LISTEN_PIDFDID: '7' },
  { LISTEN_PID: '42', LISTEN_FDS: '0' },
  { LISTEN_PID: '42' },
];
for (const env of none) {
  test(`nothing is inherited: ${JSON.stringify(env)}`, () => {
    assert.deepEqual(inheritedSockets(env, 42), { sockets: [], notify: undefined });
    assert.deepEqual(env, {}, 'and nobody else takes it for his');
  });
}

const wrong: ReadonlyArray<{ env: NodeJS.ProcessEnv; message: RegExp }> = [
  { env: { LISTEN_FDS: 'two' }, message: /LISTEN_FDS=two: expected how many/ },
  { env: { LISTEN_FDS: '-1' }, message: /LISTEN_FDS=-1/ },
  { env: { LISTEN_FDS: '99999' }, message: /LISTEN_FDS=99999/ },
  { env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'web' }, message: /LISTEN_FDNAMES=web: expected 2 names/ },
];
for (const { env, message } of wrong) {
  test(`refused: ${JSON.stringify(env)}`, () => {
    assert.throws(() => inheritedSockets({ LISTEN_PID: '42', ...env }, 42), { code: 'ERR_INHERITED_SOCKET', message });
  });
}

test('the kernel’s table of Unix sockets', () => {
  const table = `Num       RefCount Protocol Flags    Type St Inode Path
00000000d63d59ae: 00000003 00000000 00000000 0001 03 1835902
000000004826c257: 00000002 00000000 00010000 0001 01  18359 /run/my app.sock
ffff8881045f6c00: 00000002 00000000 00000000 0002 01 42 @abstract
ffff8881045f6c01: 00000002 00000000 00010000 0005 01 43 /run/seq
`;
  assert.deepEqual(
    parseUnixTable(table),
    new Map([
      [1835902, { type: 'stream', isConnected: true, path: '' }],
      [18359, { type: 'stream', isConnected: false, path: '/run/my app.sock' }],
      [42, { type: 'datagram', isConnected: false, path: '\0abstract' }],
      [43, { type: 'other', isConnected: false, path: '/run/seq' }],
    ]),
  );
});

/** Where /proc lists descriptors. */
const isLinux = process.platform === 'linux';

test('a number that has become another socket’s is not given out', { skip: !isLinux }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { _handle: handle } = server as unknown as { readonly _handle: { readonly fd: number } };
  const inode = openDescriptors().get(handle.fd);
  assert.equal(typeof inode, 'number');
  const before = new Inherited([], new Map([[handle.fd, inode! + 1]]));
  assert.equal(before.take(unix(`fd:${handle.fd}`)), undefined);
});

test('connected channels of this process are no sockets that it was started with', { skip: !isLinux }, async (t) => {
  const child = spawn(process.execPath, ['-e', 'process.on("message", () => {})'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const { fd } = channelOf(child) as unknown as { readonly fd: number };
  assert.ok(fd > 2);
  assert.equal(openDescriptors().has(fd), false);
});
