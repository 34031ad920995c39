/** Tests what the package is made of: its weight, the code of others in it, and that all that is needed is there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');

function run(script: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1e8 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts', script), ...args], options);
  return { code: status, stdout, stderr };
}

test('no part of the package weighs much more or less than CONTRIBUTING.md says', () => {
  const { code, stderr } = run('weigh.js', '--check');
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('a part that grew by more than a tenth is noticed, one that grew by less is not', () => {
  const home = mkdtempSync(join(tmpdir(), 'prefork-weight-'));
  try {
    const grow = (size: number): void => writeFileSync(join(home, 'dist/http.js'), 'x'.repeat(size));
    const mark = '<!-- Written by `npm run weigh`, up to the next heading. -->\n';
    writeFileSync(join(home, 'package.json'), '{ "name": "one", "version": "1.0.0", "files": ["dist"] }');
    writeFileSync(join(home, 'CONTRIBUTING.md'), `# Work\n\n${mark}\n## Next\n`);
    cpSync(join(root, 'dist/http'), join(home, 'dist/http'), { recursive: true });
    grow(1000);
    assert.equal(run('weigh.js', home).code, 0);
    const page = readFileSync(join(home, 'CONTRIBUTING.md'), 'utf8');
    assert.match(page, /^\| `prefork\/http` \| \d+ \| \d+ \|$/m);
    assert.match(page, /\n\n## Next\n$/);
    grow(10_000);
    assert.equal(run('weigh.js', '--check', home).code, 0);
    grow(100_000);
    const { code, stderr } = run('weigh.js', '--check', home);
    assert.equal(code, 1);
    assert.match(stderr, /^`prefork\/http`: \d+ kB, where CONTRIBUTING.md says \d+/m);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('the bill of materials has the package, and the code of others that is in it', () => {
  const { code, stdout, stderr } = run('sbom.js');
  assert.equal(code, 0, stderr);
  const { bomFormat, metadata, components, dependencies } = JSON.parse(stdout) as {
    bomFormat: string;
    metadata: { component: { name: string; purl: string } };
    components: Array<{ name: string; purl: string; hashes: unknown[]; licenses: unknown }>;
    dependencies: Array<{ ref: string; dependsOn: string[] }>;
  };
  assert.equal(bomFormat, 'CycloneDX');
  assert.equal(metadata.component.name, 'prefork');
  assert.deepEqual(
    components.map(({ name, licenses }) => ({ name, licenses })),
    [{ name: 'uplot', licenses: [{ license: { id: 'MIT' } }] }],
  );
  assert.equal(components[0]!.hashes.length, 1);
  assert.match(components[0]!.purl, /^pkg:npm\/uplot@\d/);
  assert.deepEqual(dependencies[0]!.dependsOn, [dependencies[1]!.ref]);
});
