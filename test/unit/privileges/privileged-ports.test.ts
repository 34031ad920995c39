import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstUnprivilegedPort, PortPolicy } from '../../../src/privileges/privileged-ports.ts';
import { temporaryDirectory } from '../scoreboard/helpers.ts';

test('named ports, and no others', () => {
  const policy = new PortPolicy([80, 443], 1024);
  const ports = [80, 443, 22, 0, -80, 1024, 8080, 65_535];
  assert.deepEqual(
    ports.filter((port) => policy.permits(port)),
    [80, 443],
  );
  assert.equal(policy.isVoid, false);
});

test('a port that needs no privilege is not the binder’s, also when it is named', () => {
  const policy = new PortPolicy([80, 8080], 1024);
  assert.equal(policy.permits(8080), false);
  assert.ok(new PortPolicy([8080], 1024).isVoid);
});

test('without names: all until the first start is over, then those that were bound by then', () => {
  const policy = new PortPolicy(undefined, 1024);
  assert.ok(policy.permits(22));
  policy.note(80);
  policy.seal();
  assert.ok(policy.permits(80));
  assert.equal(policy.permits(22), false);
});

test('a second seal adds nothing', () => {
  const policy = new PortPolicy(undefined, 1024);
  policy.note(80);
  policy.seal();
  policy.note(443);
  policy.seal();
  assert.equal(policy.permits(443), false);
});

test('sealing leaves named ports as they are', () => {
  const policy = new PortPolicy([80, 443], 1024);
  policy.note(80);
  policy.seal();
  assert.ok(policy.permits(443));
});

test('a set of names can only shrink', () => {
  const policy = new PortPolicy([80, 443], 1024);
  policy.restrict([443, 22]);
  assert.equal(policy.permits(22), false);
  assert.equal(policy.permits(80), false);
  assert.ok(policy.permits(443));
  policy.restrict([80, 443]);
  assert.equal(policy.permits(80), false);
});

test('names that come later replace what the first start would have decided', () => {
  const policy = new PortPolicy(undefined, 1024);
  policy.restrict([443]);
  assert.equal(policy.permits(80), false);
  policy.note(80);
  policy.seal();
  assert.equal(policy.permits(80), false);
});

test('when nothing is left to bind, the binder has nothing to do', () => {
  assert.ok(new PortPolicy([], 1024).isVoid);
  assert.ok(new PortPolicy([80], 0).isVoid, 'no port needs root here');
  const policy = new PortPolicy(undefined, 1024);
  assert.equal(policy.isVoid, false);
  policy.seal();
  assert.ok(policy.isVoid);
});

const settings: ReadonlyArray<readonly [string | undefined, number]> = [
  ['1024\n', 1024],
  ['0\n', 0],
  ['80\n', 80],
  ['65536\n', 65_536],
  ['65537\n', 1024],
  ['-1\n', 1024],
  ['', 1024],
  ['many\n', 1024],
  [undefined, 1024],
];

for (const [text, first] of settings) {
  test(`ip_unprivileged_port_start ${JSON.stringify(text)}`, (t) => {
    const path = join(temporaryDirectory(t), 'start');
    if (text !== undefined) writeFileSync(path, text);
    assert.equal(firstUnprivilegedPort(path), first);
  });
}
