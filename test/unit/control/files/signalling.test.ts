import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { signalAs } from '../../../../src/control/files/signalling.ts';
import { NOBODY, noOtherUser } from '../../../support/platform.ts';

const skip = noOtherUser;
const nobody = { uid: NOBODY, gid: NOBODY };

async function start(owner: object): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `process.stdin.resume(); console.log('up')`], { ...owner, cwd: '/' });
  await once(child.stdout, 'data');
  return child;
}

test('root signals for another user what that user may signal', { skip }, async () => {
  const child = await start(nobody);
  const ended = once(child, 'exit');
  signalAs(nobody, child.pid!, 'SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('and nothing of root’s, whose real id the kernel would ask for', { skip }, async () => {
  const child = await start({});
  const ended = once(child, 'exit');
  assert.throws(() => signalAs(nobody, child.pid!, 'SIGTERM'), /uid 65534 cannot signal pid/);
  child.stdin!.end();
  assert.deepEqual(await ended, [0, null]);
});

test('without another user it signals by itself', async () => {
  const child = await start({});
  const ended = once(child, 'exit');
  signalAs(undefined, child.pid!, 'SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('a pid that the server has made up is no flag of node, and no group of processes', () => {
  for (const owner of [undefined, nobody]) {
    for (const pid of ['--require=/tmp/a.cjs', '1', 0, -1, 1.5, null]) {
      assert.throws(() => signalAs(owner, pid as number, 'SIGTERM'), /the pid of the process is none/);
    }
  }
});

/** Prints the process and the session of the first child of the given process whose arguments have the word in them. */
const WATCHER = `
  const { readdirSync, readFileSync } = require('node:fs');
  const read = (path) => { try { return readFileSync(path, 'latin1'); } catch { return ''; } };
  console.log('up');
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    for (const pid of readdirSync('/proc').filter(Number)) {
      if (pid === String(process.pid) || !read('/proc/' + pid + '/cmdline').includes('process.kill(')) continue;
      const stat = read('/proc/' + pid + '/stat');
      const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (parent !== process.argv[1]) continue;
      console.log(pid, session);
      process.exit();
    }
  }`;

test('the process that signals is not in root’s session, whose terminal it could read', { skip }, async () => {
  const target = await start(nobody);
  const watcher = spawn(process.execPath, ['-e', WATCHER, String(process.pid)]);
  await once(watcher.stdout, 'data');
  signalAs(nobody, target.pid!, 'SIGTERM');
  const [seen] = (await once(watcher.stdout, 'data')) as [Buffer];
  const [pid, session] = seen.toString().trim().split(' ');
  assert.equal(session, pid);
});
