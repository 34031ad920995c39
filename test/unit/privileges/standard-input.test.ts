import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const MODULE = new URL('../../../src/privileges/standard-input.js', import.meta.url).href;

/** Runs a program that has `leaveInput`, and whose standard input is a pipe that stays open. */
async function run(code: string): Promise<{ said: string; end: unknown[] }> {
  const program = `import { readFileSync, readlinkSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    const { leaveInput } = await import(${JSON.stringify(MODULE)});
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {}).write('of root’s');
  const [said, end] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { said, end };
}

const skip = process.platform !== 'linux';

test('a program that has read its standard input lives on without it', { skip }, async () => {
  const { said, end } = await run(`
    process.stdin.once('close', () => console.log('close'));
    await new Promise((resolve) => process.stdin.once('data', resolve));
    await leaveInput();
    for (const change of ['pause', 'resume', 'pause', 'resume']) {
      process.stdin[change]();
      await delay(20);
    }
    console.log(readlinkSync('/proc/self/fd/0'));`);
  assert.deepEqual({ said, end }, { said: 'close\n/dev/null\n', end: [0, null] });
});

test('what no program has read is not touched, for others may read it too', { skip }, async () => {
  const { said, end } = await run(`
    import { spawn } from 'node:child_process';
    // It has the same pipe.
    const other = spawn('sleep', ['60'], { stdio: ['inherit', 'ignore', 'ignore'] });
    await leaveInput();
    const flags = readFileSync('/proc/' + other.pid + '/fdinfo/0', 'latin1');
    console.log((parseInt(/flags:\\s*(\\d+)/.exec(flags)[1], 8) & 0o4000) === 0, readlinkSync('/proc/self/fd/0'));
    other.kill();`);
  assert.deepEqual({ said, end }, { said: 'true /dev/null\n', end: [0, null] });
});

/** Has another file opened in the moment in which the standard input is closed, as a thread of Node's may do. */
const taken = (then: string): string => `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { closeSync } = fs;
  fs.closeSync = (fd) => {
    closeSync(fd);
    if (fd !== 0) return;
    fs.closeSync = closeSync;
    syncBuiltinESMExports();
    console.log(fs.openSync(process.execPath));
    ${then}
  };
  syncBuiltinESMExports();
  await leaveInput().catch(({ code }) => console.log(code));
  console.log(readlinkSync('/proc/self/fd/0') === '/dev/null');`;

test('a file that takes its number is waited for', { skip }, async () => {
  const { said, end } = await run(taken('setTimeout(closeSync, 50, 0);'));
  assert.deepEqual({ said, end }, { said: '0\ntrue\n', end: [0, null] });
});

test('a file that keeps its number is no standard input for workers: root’s start fails', { skip }, async () => {
  const { said, end } = await run(taken(''));
  assert.deepEqual({ said, end }, { said: '0\nERR_INTERNAL\nfalse\n', end: [0, null] });
});
