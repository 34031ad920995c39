import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOfFlags } from '../../../src/privileges/node-flags.ts';

const cwd = '/nowhere';

const cases: ReadonlyArray<readonly [flags: readonly string[], nodeOptions: string | undefined, files: string[]]> = [
  [[], undefined, []],
  [['--max-old-space-size=64', '--trace-warnings'], '--no-warnings', []],
  [['-r', './a.js', '--import=./b.mjs'], undefined, ['/nowhere/a.js', '/nowhere/b.mjs']],
  [['--env-file', '.env'], undefined, ['/nowhere/.env']],
  [['--loader', 'file:///c.mjs'], undefined, ['/c.mjs']],
  [[], '--require /d.js  --import="./with space.mjs"', ['/d.js', '/nowhere/with space.mjs']],
  [[], '--require "./with \\"quotes\\".js"', ['/nowhere/with "quotes".js']],
  [['--require'], '--import=', []],
  [['--import', 'file://%'], undefined, []],
];

for (const [flags, nodeOptions, files] of cases) {
  test(`what is loaded by ${flags.join(' ')} ${nodeOptions ?? ''}`, () => {
    assert.deepEqual(filesOfFlags(flags, nodeOptions, cwd), files);
  });
}
