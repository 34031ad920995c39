/** Tests prefork as process 1 of a pid namespace, as in a container. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { command, fixture } from '../../support/paths.ts';

const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;
const skip =
  spawnSync(unshare[0], [...unshare.slice(1), 'true']).status === 0 ? false : 'cannot make a pid namespace here';

test('process 1 serves, says that it cannot be upgraded, and stops at SIGTERM', { skip }, async () => {
  // A shell in the namespace would be process 1 itself, so the signals come from the application.
  const options = ['--workers', '1', '--settle', '20ms'];
  const args = [...unshare.slice(1), process.execPath, command, ...options, fixture('signals-process-one.js')];
  const child = spawn(unshare[0], args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, output);
  assert.match(output, /parent 1\n/);
  assert.match(output, /upgrade failed reason="process 1 of a container cannot be replaced/);
  assert.match(output, /prefork: stopped in=/);
});

test('below a process 1 that waits for it, an upgrade is refused, and the container goes on', { skip }, async () => {
  const options = ['--workers', '1', '--settle', '20ms'];
  const program = [process.execPath, command, ...options, fixture('signals-its-parent.js')];
  // What stands behind the command keeps the shell from becoming it.
  const args = [...unshare.slice(1), 'sh', '-c', '"$@"; exit $?', 'sh', ...program];
  const child = spawn(unshare[0], args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, output);
  assert.match(output, /parent [2-9]\n/);
  assert.match(
    output,
    /upgrade failed reason="process 1 of this container \(sh\) waits for this primary and ends with it/,
  );
  assert.match(output, /prefork: stopped in=/);
});
