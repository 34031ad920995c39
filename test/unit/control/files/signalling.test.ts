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
  await signalAs(nobody, child.pid!, 'SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('and nothing of root’s, whose real id the kernel would ask for', { skip }, async () => {
  const child = await start({});
  const ended = once(child, 'exit');
  await assert.rejects(signalAs(nobody, child.pid!, 'SIGTERM'), /uid 65534 cannot signal pid/);
  child.stdin!.end();
  assert.deepEqual(await ended, [0, null]);
});

test('without another user it signals by itself', async () => {
  const child = await start({});
  const ended = once(child, 'exit');
  await signalAs(undefined, child.pid!, 'SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('a pid that the server has made up is no flag of node, and no group of processes', async () => {
  for (const owner of [undefined, nobody]) {
    for (const pid of ['--require=/tmp/a.cjs', '1', 0, -1, 1.5, null]) {
      await assert.rejects(signalAs(owner, pid as number, 'SIGTERM'), /the pid of the process is none/);
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
  const over = once(watcher, 'close');
  let seen = '';
  watcher.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  // Such a process lives for a moment, in which a watcher without CPU sees nothing.
  while (watcher.exitCode === null && watcher.signalCode === null) await signalAs(nobody, target.pid!, 'SIGCONT');
  await signalAs(nobody, target.pid!, 'SIGTERM');
  await over;
  const [pid, session] = seen.trim().split(' ');
  assert.ok(pid, 'the watcher has seen none in 20 s');
  assert.equal(session, pid);
});

const PATIENCE_MS = 3000;

/** Stops every process of its own user as soon as it is there, by the pids that come next. */
const STOPPER = `
  const { readFileSync } = require('node:fs');
  const last = () => Number(readFileSync('/proc/loadavg', 'latin1').split(' ').at(-1));
  console.log('up');
  // Its own threads have numbers of the same kind.
  const first = last() + 1;
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    for (let turn = 0, from = last(); turn < 10; turn++) {
      for (let pid = Math.max(first, from - 1); pid < from + 6; pid++) {
        try { process.kill(pid, 'SIGSTOP'); } catch {}
      }
    }
  }`;

/** Signals again and again, and prints the longest time for which its event loop stood still. */
const SIGNALLER = `
  const { signalAs } = await import(process.argv[1]);
  const [uid, pid, patience] = process.argv.slice(2).map(Number);
  let longest = 0;
  let before = performance.now();
  const look = () => { longest = Math.max(longest, performance.now() - before); before = performance.now(); };
  const timer = setInterval(look, 10);
  for (let nth = 0; nth < 2; nth++) await signalAs({ uid, gid: uid }, pid, 'SIGCONT', patience).catch(() => {});
  look();
  clearInterval(timer);
  console.log(longest);`;

test('a user who stops the process that signals keeps nothing else of root’s waiting', { skip }, async () => {
  // No process of another test is this user's.
  const uid = 60_000 + (process.pid % 5000);
  const target = await start({ uid, gid: uid });
  const stopper = spawn(process.execPath, ['-e', STOPPER], { uid, gid: uid, cwd: '/' });
  await once(stopper.stdout, 'data');
  const module = new URL('../../../../src/control/files/signalling.js', import.meta.url).href;
  const args = ['--input-type=module', '-e', SIGNALLER, module, String(uid), String(target.pid), String(PATIENCE_MS)];
  const signaller = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  const said = once(signaller.stdout, 'data').then(([chunk]) => Number(chunk));
  const [code, signal] = (await once(signaller, 'exit')) as [number | null, string | null];
  stopper.kill('SIGKILL');
  target.kill('SIGKILL');
  assert.deepEqual([code, signal], [0, null]);
  assert.ok((await said) < PATIENCE_MS / 2, `it stood still for ${await said} ms`);
});
