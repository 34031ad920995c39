import assert from 'node:assert/strict';
import fs, { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
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
  const why = whyNotNode(disguised)!;
  assert.match(why, /^only node may run .*, and .*node22 leads to .*sqlite3, which is not named like one$/);
  assert.match(whyNotNode(file('other'))!, /, and .*other is not named like one$/);
});

function nodeOfNobody(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-node-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const node = join(directory, 'node');
  writeFileSync(node, '', { mode: 0o755 });
  chownSync(node, NOBODY, NOBODY);
  return node;
}

test('a node that is another user’s runs no next primary', { skip: noOtherUser }, (t) => {
  const node = nodeOfNobody(t);
  assert.match(whyNotNode(node)!, /^only node may .*node is not root’s$/);
});

test('in a user namespace the owner of / is root', { skip: noOtherUser }, (t) => {
  const node = nodeOfNobody(t);
  const { lstatSync } = fs;
  const asThere = (path: string): fs.Stats => Object.assign(lstatSync(path), path === '/' && { uid: NOBODY });
  const mocked = t.mock.method(fs, 'lstatSync', asThere as typeof lstatSync);
  syncBuiltinESMExports();
  t.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  });
  // This process is the machine's root, so that it may change everything.
  assert.match(whyNotNode(node)!, /^uid 0 may change /);
});
