import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandPath, doorFlags, dropDoorFlags } from '../../../src/upgrade/next-node.ts';

test('a command is found as a shell finds it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-path-'));
  try {
    const [first, second] = [join(directory, 'a'), join(directory, 'b')];
    for (const each of [first, second]) mkdirSync(each);
    const path = `${first}:${second}`;
    writeFileSync(join(second, 'node'), '', { mode: 0o755 });
    assert.equal(commandPath('node', path), join(second, 'node'));
    writeFileSync(join(first, 'node'), '');
    chmodSync(join(first, 'node'), 0o755);
    assert.equal(commandPath('node', path), join(first, 'node'));
    assert.equal(commandPath('/usr/bin/node', path), '/usr/bin/node');
    assert.equal(commandPath('nothing', path), process.execPath);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the flags that close a next primary are taken out again there, and no others', () => {
  for (const node of [process.execPath, '/another/node']) {
    const execArgv = [...doorFlags(node), '--max-old-space-size=64'];
    dropDoorFlags(execArgv);
    assert.deepEqual(execArgv, ['--max-old-space-size=64']);
    dropDoorFlags(execArgv);
    assert.deepEqual(execArgv, ['--max-old-space-size=64']);
  }
});
