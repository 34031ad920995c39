import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isControlledByOthers, readForRoot } from '../../../src/privileges/read-for-root.ts';
import { NOBODY, noOtherUser } from '../../support/platform.ts';
import { Place } from '../control/helpers.ts';

const skip = noOtherUser;
const refused = /^Error: it is not a file of at most 4194304 bytes$/;

test('what only root may change is read whatever it is, as a pipe of root’s own', { skip }, () => {
  using place = new Place();
  const [file, pipe] = [place.file('file'), place.file('pipe')];
  writeFileSync(file, 'A=1');
  assert.equal(isControlledByOthers(file), false);
  assert.equal(readForRoot(file), 'A=1');
  spawnSync('mkfifo', [pipe]);
  spawn('sh', ['-c', 'printf A=2 > "$0"', pipe], { stdio: 'ignore' });
  assert.equal(readForRoot(pipe), 'A=2');
});

test('what another user may change has to be a file, and not too long', { skip }, () => {
  using place = new Place();
  const directory = place.file('others');
  mkdirSync(directory);
  const [file, pipe, device, long] = ['file', 'pipe', 'device', 'long'].map((name) => `${directory}/${name}`);
  writeFileSync(file!, 'A=1');
  spawnSync('mkfifo', [pipe!]);
  symlinkSync('/dev/zero', device!);
  writeFileSync(long!, '');
  truncateSync(long!, 2 ** 40);
  chownSync(directory, NOBODY, NOBODY);
  assert.equal(isControlledByOthers(file!), true);
  assert.equal(readForRoot(file!), 'A=1');
  for (const other of [pipe!, device!, long!, directory]) assert.throws(() => readForRoot(other), refused, other);
});
