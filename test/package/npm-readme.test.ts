/** Tests README.md as npm's page shows it: alone, without the files beside it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, beforeEach, test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');
const home = mkdtempSync(join(tmpdir(), 'prefork-readme-'));
const original = readFileSync(join(root, 'README.md'), 'utf8');
const readme = (): string => readFileSync(join(home, 'README.md'), 'utf8');

function run(what: string): void {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/npm-readme.js'), what, home], {
    encoding: 'utf8',
  });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
}

function setUp(url: string): void {
  writeFileSync(join(home, 'package.json'), JSON.stringify({ version: '1.2.3', repository: { url } }));
  writeFileSync(join(home, 'README.md'), original);
}

beforeEach(() => setUp('git+https://github.com/who/what.git'));
after(() => rmSync(home, { recursive: true }));

test('every link and picture is absolute, and leads to a file of the repository', () => {
  run('pack');
  const links = [...readme().matchAll(/\]\(([^)\s]+)\)/g)].map(([, path]) => path!);
  assert.ok(links.length > 40);
  const own = /^https:\/\/(?:github\.com\/who\/what\/blob|raw\.githubusercontent\.com\/who\/what)\/v1\.2\.3\/([^#]+)/;
  for (const link of links) {
    const [, path] = own.exec(link) ?? [];
    if (path === undefined) assert.match(link, /^https?:/);
    else assert.ok(existsSync(join(root, path)), link);
  }
  assert.doesNotMatch(readme(), /<(picture|source|img)\b/);
  assert.match(readme(), /!\[[^\]]+\]\(https:\/\/raw\.[^)]+\/readme-light\.svg\)/);
});

test('another host than GitHub has addresses of its own shape', () => {
  setUp('https://git.prefork.dev/who/what.git');
  run('pack');
  assert.match(readme(), /\(https:\/\/git\.prefork\.dev\/who\/what\/-\/blob\/v1\.2\.3\/docs\/state\.md\)/);
  assert.match(readme(), /\(https:\/\/git\.prefork\.dev\/who\/what\/-\/raw\/v1\.2\.3\/bench\//);
});

test('afterwards the file is as it was, also when an earlier run was cut short', () => {
  run('pack');
  run('pack');
  run('restore');
  assert.equal(readme(), original);
  assert.ok(!existsSync(join(home, '.README.md')));
  run('restore');
  assert.equal(readme(), original);
});

test('npm runs it before it packs and after', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  assert.equal(scripts['prepack'], 'node scripts/npm-readme.js pack');
  assert.equal(scripts['postpack'], 'node scripts/npm-readme.js restore');
});
