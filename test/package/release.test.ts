/** Tests which packages the release check accepts, and which it refuses. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');
const script = join(root, 'scripts/release-check.js');

const good = {
  name: 'fit',
  version: '1.2.3',
  repository: { type: 'git', url: 'git+https://git.prefork.dev/prefork.git' },
  bugs: { url: 'https://git.prefork.dev/prefork/issues' },
  publishConfig: { provenance: true },
  peerDependencies: { redis: '>=5 <7' },
  peerDependenciesMeta: { redis: { optional: true } },
};

function check(
  manifest: object,
  files: Readonly<Record<string, string>> = {},
): { code: number | null; faults: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-release-'));
  try {
    const all = { 'package.json': JSON.stringify(manifest), 'CHANGELOG.md': '# Changelog\n\n## 1.2.3\n', ...files };
    for (const [name, text] of Object.entries(all)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const { status, stderr } = spawnSync(process.execPath, [script, directory], { encoding: 'utf8' });
    return { code: status, faults: stderr.split('\n').filter(Boolean) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('a package that is fit is let through', () => {
  assert.deepEqual(check(good), { code: 0, faults: [] });
});

const unfit: ReadonlyArray<[what: string, manifest: object, says: RegExp, files?: Record<string, string>]> = [
  [
    'a repository that is a placeholder',
    { repository: { url: 'git+https://repository.invalid/a.git' } },
    /placeholder/,
  ],
  ['no repository', { repository: undefined }, /^release: repository.url: expected an https address/],
  ['a repository without TLS', { repository: { url: 'git://git.prefork.dev/a.git' } }, /expected an https/],
  [
    'bugs that are a placeholder',
    { bugs: { url: 'https://example.com/issues' } },
    /^release: bugs.url: example.com is/,
  ],
  ['no provenance', { publishConfig: {} }, /publishConfig.provenance/],
  ['a peer without an upper bound', { peerDependencies: { redis: '>=5' } }, /redis from one version to another/],
  ['a peer that everyone would have to install', { peerDependenciesMeta: {} }, /redis is not optional/],
  ['a version that the changelog does not know', { version: '1.2.4' }, /has no "## 1.2.4"/],
  ['what the compiler leaves', {}, /dist\/.tsbuildinfo does not belong/, { 'dist/.tsbuildinfo': '{}' }],
];
for (const [what, changes, says, files] of unfit) {
  test(`${what} is not`, () => {
    const { code, faults } = check({ ...good, ...changes }, files);
    assert.equal(code, 1);
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0]!, says);
  });
}

test('npm publish runs it, and of this package nothing but the placeholders and the heading is left to do', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.equal(scripts['prepublishOnly'], 'npm run release:check');
  const { stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
  const others = stderr.split('\n').filter((line) => line && !/placeholder|CHANGELOG\.md: has no/.test(line));
  assert.deepEqual(others, []);
});
