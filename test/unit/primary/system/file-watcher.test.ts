import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { FileWatcher } from '../../../../src/primary/system/file-watcher.ts';

test('a link to itself is a change like any other, and no error', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-watched-'));
  let tell: (file: string) => void = () => {};
  const changed = new Promise<string>((resolve) => (tell = resolve));
  const watcher = new FileWatcher([directory], (file) => tell(file));
  symlinkSync('a.js', join(directory, 'a.js'));
  assert.equal(basename(await changed), 'a.js');
  watcher.close();
  rmSync(directory, { recursive: true });
});
