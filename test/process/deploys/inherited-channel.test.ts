/**
 * Tests what an upgrade with `--user` needs of node, and node does not document. A process can open a channel of
 * messages on a descriptor that it was started with (`child_process._forkChild`), even after it has had another
 * channel.
 */
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

const skip = process.platform === 'win32' ? 'no such descriptors' : false;

/** The process at the far end. It answers each message with the same message and a listening socket. */
const far = `const server = require('node:net').createServer((socket) => socket.end('far')).listen(0, '127.0.0.1', () => {
  process.on('message', (message) => process.send(message, server));
  process.send('up');
});
process.on('disconnect', () => process.exit());`;

/** A process with a channel to its parent. When that has ended, it opens another one at the descriptor. */
const near = `const childProcess = require('node:child_process');
process.once('disconnect', () => {
  process.removeAllListeners('internalMessage');
  childProcess._forkChild(Number(process.argv[2]), 'json');
  process.channel.ref();
  process.send({ n: 1 });
});
process.on('message', (message, handle) => {
  if (message === 'leave') return process.disconnect();
  if (typeof message !== 'object' || handle === undefined) return;
  const { port } = handle.address();
  handle.close();
  console.log(JSON.stringify({ connected: process.connected, fd: typeof process.channel.fd, n: message.n, port }));
  if (message.n === 1) process.send({ n: 2 });
  else process.disconnect();
});
process.send('up');`;

function files(t: TestContext): { far: string; near: string } {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const paths = { far: join(directory, 'far.cjs'), near: join(directory, 'near.cjs') };
  writeFileSync(paths.far, far);
  writeFileSync(paths.near, near);
  return paths;
}

test('a channel that was inherited becomes the process’s own, with handles', { skip }, async (t) => {
  const paths = files(t);
  const farther = fork(paths.far, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => farther.kill());
  await once(farther, 'message');
  const { fd } = farther.channel as unknown as { fd: number };
  const heir = spawn(process.execPath, [paths.near, '4'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc', fd] });
  t.after(() => heir.kill());
  await once(heir, 'message');
  // The previous primary disconnects in the same way, and leaves the channel to the next one.
  farther.disconnect();
  const ended = once(heir, 'exit');
  heir.send('leave');
  let text = '';
  heir.stdout!.setEncoding('utf8').on('data', (more: string) => (text += more));
  const farthestEnd = once(farther, 'exit');
  assert.deepEqual(await ended, [0, null]);
  const said = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { n: number; port: number });
  assert.deepEqual(
    said.map(({ port: _port, ...rest }) => rest),
    [1, 2].map((n) => ({ connected: true, fd: 'number', n })),
  );
  const [error] = (await Promise.race([once(connect(said[0]!.port, '127.0.0.1'), 'error'), farthestEnd])) as unknown[];
  assert.ok(error !== undefined);
  // The last process with the channel has closed it.
  assert.deepEqual(await farthestEnd, [0, null]);
});
