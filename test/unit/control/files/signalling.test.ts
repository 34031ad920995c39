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
