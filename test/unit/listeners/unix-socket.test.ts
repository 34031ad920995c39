import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeSocketFile } from '../../../src/listeners/socket-file.ts';
import { bindUnixSocket } from '../../../src/listeners/unix-socket.ts';

/** A program that leaves its socket's file behind. */
const LISTEN_AND_DIE = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;

interface Directory extends Disposable {
  readonly path: string;
}

function directory(): Directory {
  const path = mkdtempSync(join(tmpdir(), 'unix-socket-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('what a primary of the same pid left under the first name is in nobody’s way', async () => {
  using at = directory();
  const left = spawnSync(process.execPath, ['-e', LISTEN_AND_DIE, join(at.path, `.${process.pid}`)]);
  assert.equal(left.signal, 'SIGKILL');
  const bound = await bindUnixSocket(join(at.path, 'app.sock'));
  assert.ok(typeof bound !== 'number', 'it is bound');
  bound.socket.close();
  removeSocketFile(bound.file!);
  assert.deepEqual(readdirSync(at.path), []);
});
