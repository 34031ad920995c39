/** Tests that figures of the pages are those of files that a command wrote. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../support/paths.ts';

function run(script: string, cwd: string): { code: number | null; faults: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(root, script)], { cwd, encoding: 'utf8' });
  return { code: status, faults: stderr.replaceAll(/^.*Warning: .*\n|^\(Use .*\n/gm, '') };
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const cannotStrip = (major < 22 || (major === 22 && minor < 18)) && 'needs a Node that strips types';

test('the blocks of the bench say what the committed runs do', { skip: cannotStrip }, () => {
  assert.deepEqual(run('bench/pages.ts', root), { code: 0, faults: '' });
});

test('a figure of a block that was written by hand is found', { skip: cannotStrip }, () => {
  const copy = mkdtempSync(join(tmpdir(), 'prefork-figures-'));
  try {
    for (const path of ['README.md', 'docs/benchmarks.md', 'package.json']) cpSync(join(root, path), join(copy, path));
    cpSync(join(root, 'bench'), join(copy, 'bench'), {
      recursive: true,
      filter: (path) => !/node_modules|results$/.test(path),
    });
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    writeFileSync(join(copy, 'README.md'), readme.replace(/prefork answers [\d.]+/, 'prefork answers 9.99'));
    const { status, stderr } = spawnSync(process.execPath, [join(copy, 'bench/pages.ts')], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^\.\.\/README\.md does not say what bench\/baseline\.json does/m);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

const sections: ReadonlyArray<[what: string, text: string, isFound: boolean]> = [
  ['a figure of which no command is named', 'A request costs 1.9 MB.', true],
  ['microseconds', 'A request costs 12 µs.', true],
  ['a factor', 'It answers 2.42 times as many.', true],
  ['a median with its range', 'It is 1.04 (0.92 to 1.20) of it.', true],
  ['a table', '| a request | 0.5 ms |', true],
  ['a figure whose command is named', 'A request costs 1.9 MB (`node out/test/soak/x.js`).', false],
  ['a time that is set', 'A beat comes every 250 ms, and a body has at most 64 KB.', false],
  ['code', 'It says `in=1.5 ms`:\n\n    ready in=1.5 ms\n\n```\n1.5 ms\n```', false],
  ['a version', 'Node 22.12 is needed.', false],
  ['a block that a command wrote', '<!-- bench:x -->\n1.5 ms\n<!-- /bench -->', false],
];
test('a measured figure without a command that prints it is found', () => {
  const copy = mkdtempSync(join(tmpdir(), 'prefork-figures-'));
  try {
    mkdirSync(join(copy, 'docs'));
    writeFileSync(join(copy, 'docs/one.md'), '# One\n');
    for (const [what, text, isFound] of sections) {
      writeFileSync(join(copy, 'README.md'), `# Costs\n\n${text}\n\n## Next\n\n\`npm run bench\`\n`);
      const { code, faults } = run('scripts/figures.js', copy);
      assert.equal(code, isFound ? 1 : 0, `${what}: ${faults}`);
      if (isFound) assert.match(faults, /^README\.md: "# Costs" has measured figures/);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
});
