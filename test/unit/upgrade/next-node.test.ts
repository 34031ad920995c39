import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandPath, doorFlags, dropDoorFlags, isNode, whyNotNode } from '../../../src/upgrade/next-node.ts';
import { NOBODY, noOtherUser } from '../../support/platform.ts';

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

test('a node is known by the name of the file that links lead to', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-node-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = (name: string): string => {
    writeFileSync(join(directory, name), '', { mode: 0o755 });
    return join(directory, name);
  };
  const link = (name: string, to: string): string => {
    symlinkSync(to, join(directory, name));
    return join(directory, name);
  };
  for (const name of ['node', 'nodejs', 'node24', 'node-24', 'nodejs.20', 'node-24.1.0'])
    assert.ok(isNode(file(name)), name);
  for (const name of ['sqlite3', 'nodemon', 'node-gyp', 'anode', 'node.sh', 'volta-shim'])
    assert.ok(!isNode(file(name)), name);
  assert.ok(isNode(process.execPath));
  assert.ok(isNode(link('js', process.execPath)));
  assert.ok(isNode(link('current', join(directory, 'node24'))));
  const disguised = link('node22', join(directory, 'sqlite3'));
  assert.ok(!isNode(disguised));
  assert.match(whyNotNode(disguised)!, /^only node may run the next primary .* and .*node22 is .*sqlite3$/);
});

test('a node that is another user’s runs no next primary', { skip: noOtherUser }, (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-node-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const node = join(directory, 'node');
  writeFileSync(node, '', { mode: 0o755 });
  chownSync(node, NOBODY, NOBODY);
  assert.match(whyNotNode(node)!, /^only node may .*node is not root’s$/);
});
