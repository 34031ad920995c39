import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bindUnixSocket, giveUnixSocket } from '../../../src/listeners/unix-socket.ts';

const isRoot = process.geteuid?.() === 0;
/** Leaves its socket's file behind. */
const LISTEN_AND_DIE = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
const nobody = { uid: 65_534, gid: 65_534 };

interface Directory extends Disposable {
  readonly path: string;
}

function directory(): Directory {
  const path = mkdtempSync(join(tmpdir(), 'unix-socket-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('a socket is given to the workers’ user', { skip: !isRoot }, async () => {
  using at = directory();
  const path = join(at.path, 'app.sock');
  const socket = await bindUnixSocket(path);
  assert.ok(typeof socket !== 'number');
  try {
    assert.equal(statSync(path).uid, 0);
    assert.equal(giveUnixSocket(path, nobody), 0);
    assert.deepEqual([statSync(path).uid, statSync(path).gid], [nobody.uid, nobody.gid]);
  } finally {
    socket.socket.close();
  }
});

test('but never what a link leads to', { skip: !isRoot }, () => {
  using at = directory();
  const [file, link] = [join(at.path, 'shadow'), join(at.path, 'app.sock')];
  writeFileSync(file, '');
  chownSync(file, 0, 0);
  symlinkSync(file, link);
  assert.equal(giveUnixSocket(link, nobody), 0);
  assert.equal(statSync(file).uid, 0);
  assert.equal(lstatSync(link).uid, nobody.uid);
});

test('what cannot be given is an errno', () => {
  using at = directory();
  assert.ok(giveUnixSocket(join(at.path, 'gone.sock'), nobody) < 0);
  assert.equal(giveUnixSocket('\0abstract', nobody), 0);
});

test('what a primary of the same pid left under the first name is in nobody’s way', async () => {
  using at = directory();
  const left = spawnSync(process.execPath, ['-e', LISTEN_AND_DIE, join(at.path, `.${process.pid}`)]);
  assert.equal(left.signal, 'SIGKILL');
  const bound = await bindUnixSocket(join(at.path, 'app.sock'));
  assert.ok(typeof bound !== 'number', 'it is bound');
  bound.socket.close();
  bound.remove();
  assert.deepEqual(readdirSync(at.path), []);
});
