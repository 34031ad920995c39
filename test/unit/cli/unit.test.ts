import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { literal, literalArgument, unitText, type UnitFacts } from '../../../src/cli/unit/unit-text.ts';
import { command } from '../../support/paths.ts';

const facts: UnitFacts = {
  isUser: false,
  node: process.execPath,
  command,
  directory: '/srv/%i',
  args: ['--name', '%i', 'server.js'],
  account: { name: 'www-data', uid: 33 },
};

test('a unit has the paths, the user and its place for sockets', () => {
  const text = unitText({ ...facts, node: '/usr/bin/node', command: '/opt/50% off/$x/cli.cjs' });
  assert.match(text, /^ExecStart=\/usr\/bin\/node "\/opt\/50%% off\/\$\$x\/cli\.cjs" --name %i server\.js$/m);
  assert.match(text, /^ExecReload=\/usr\/bin\/node ".*" reload --name %i$/m);
  assert.match(text, /^User=www-data\n.*\nRuntimeDirectory=prefork-33\n/m);
  assert.match(text, /^WorkingDirectory=\/srv\/%i$/m);
});

test('what systemd would replace in a path is escaped, where it would', () => {
  const odd = '/a%b/$HOME/c d';
  const text = unitText({
    ...facts,
    node: odd,
    command: odd,
    directory: `${literal(odd)}\\`,
    args: [literalArgument(odd)],
    account: { name: 'a%i', uid: 33 },
  });
  // The path of the program itself has no variables.
  const run = '"/a%%b/$HOME/c d" "/a%%b/$$HOME/c d"';
  const lines = text.split('\n');
  assert.ok(lines.includes(`ExecStart=${run} "/a%%b/$$HOME/c d"`), text);
  assert.ok(lines.includes(`ExecReload=${run} reload --name %i`), text);
  // Without the slash the line would go on in the next one.
  assert.ok(lines.includes('WorkingDirectory=/a%%b/$HOME/c d\\/'), text);
  assert.ok(lines.includes('User=a%%i'), text);
  assert.match(unitText({ ...facts, directory: '/a\\b' }), /^WorkingDirectory=\/a\\b$/m);
});

test('a unit of a user has no user and no place of root’s', () => {
  const text = unitText({ ...facts, isUser: true });
  assert.doesNotMatch(text, /^User=|^RuntimeDirectory=|network-online/m);
  assert.match(text, /^WantedBy=default\.target$/m);
});

test('a path in which a line ends makes no further lines of a unit', () => {
  const evil = '/home/x\nExecStartPre=+/home/x/run';
  for (const odd of [{ directory: evil }, { command: evil }, { args: [evil] }])
    assert.throws(() => unitText({ ...facts, ...odd }), { name: 'UsageError', message: /without control characters/ });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

for (const isUser of [false, true]) {
  test(`systemd takes ${isUser ? 'the user’s' : 'the system’s'} unit`, { skip: !hasSystemd && 'no systemd' }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'prefork-test-'));
    try {
      const file = join(directory, 'prefork@.service');
      writeFileSync(file, unitText({ ...facts, isUser, args: ['--config', '/srv/a b.json', '--app', '%i'] }));
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      assert.deepEqual([status, stderr.split('\n').filter((line) => line.includes('prefork@'))], [0, []]);
      writeFileSync(file, unitText({ ...facts, isUser, command: 'relative', node: 'node/x' }));
      const bad = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      assert.match(bad.stderr, /prefork@/, 'the check can fail');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
