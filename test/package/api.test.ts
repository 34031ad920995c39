/** Tests that a change of a public type is seen: it makes a report in api/ stale, and the check says which. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '../../..');

function api(directory: string, ...flags: string[]): { code: number | null; faults: string[] } {
  const args = [join(root, 'scripts/api.js'), ...flags, directory];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { code: status, faults: stderr.split('\n').filter(Boolean) };
}

test('the reports are those of the types as they are built', () => {
  assert.deepEqual(api(root, '--check'), { code: 0, faults: [] });
});

/** What happens to an entry, and whether its report should then be stale. */
const entries: Readonly<Record<string, [before: string, after: string, says?: RegExp]>> = {
  parameter: ['export declare function a(b: Buffer): void;', 'export declare function a(b?: Buffer): void;', /./],
  // No entry exports the interface, but it is part of what one of them exports.
  inherited: [`export { a } from './inner.ts';`, `export { a } from './inner.ts';`, /is not current/],
  more: ['export declare const a: 1;', 'export declare const a: 1; export declare const b: 2;', /is not current/],
  less: ['export declare const a: 1; export declare const b: 2;', 'export declare const a: 1;', /is not current/],
  broken: ['export declare const a: 1;', 'export declare const a: Missing;', /Missing/],
  commented: [
    'export declare const a: 1;',
    '/** It is one. @deprecated */ export declare const a: 1;',
    /is not current/,
  ],
  explained: ['/** It is one. */ export declare const a: 1;', '/** It is never two. */ export declare const a: 1;'],
  same: ['export declare const a: 1;', 'export declare const a: 1;'],
};
const inner = (type: string): string =>
  `interface Hidden { readonly port: ${type}; }\nexport declare function a(what: Hidden): void;`;

test('what a user of the types would notice makes a report stale, and nothing else does', () => {
  const home = mkdtempSync(join(tmpdir(), 'prefork-reports-'));
  const put = (name: string, text: string): void => writeFileSync(join(home, name), text);
  try {
    symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'));
    const exports = Object.keys(entries).map((name) => [`./sub/${name}`, { types: `./${name}.d.ts` }]);
    put(
      'package.json',
      JSON.stringify({
        name: 'one',
        version: '1.0.0',
        type: 'module',
        exports: { ...Object.fromEntries(exports), './schema.json': './schema.json' },
      }),
    );
    put('inner.d.ts', inner('number'));
    for (const [name, [before]] of Object.entries(entries)) put(`${name}.d.ts`, before);
    assert.deepEqual(api(home), { code: 0, faults: [] });
    assert.match(readFileSync(join(home, 'api/sub-parameter.api.md'), 'utf8'), /export function a\(b: Buffer\): void;/);

    put('inner.d.ts', inner('string'));
    put('api/old.api.md', '');
    for (const [name, [, after]] of Object.entries(entries)) put(`${name}.d.ts`, after);
    const { code, faults } = api(home, '--check');
    assert.equal(code, 1);
    const stale = Object.entries(entries).flatMap(([name, [, , says]]) => (says === undefined ? [] : [{ name, says }]));
    assert.equal(faults.length, stale.length + 1, faults.join('\n'));
    for (const [i, { name, says }] of stale.entries()) {
      assert.ok(faults[i]!.startsWith(`api/sub-${name}.api.md`), faults[i]);
      assert.match(faults[i]!, says);
    }
    assert.equal(faults.at(-1), 'api/old.api.md is of no entry in package.json: delete it');
  } finally {
    rmSync(home, { recursive: true });
  }
});
