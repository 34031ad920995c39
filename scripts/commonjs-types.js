/**
 * Makes dist/commonjs/: the declarations that users see who write CommonJS with `module: node16`. TypeScript takes the format of a
 * module from the package.json above its declarations, and refuses to require() what it believes to be an ES module. Node requires ES
 * modules since 20.19, so what runs is the same file for all. Declarations that no entry reaches are left out.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const waiting = Object.values(exports).flatMap((entry) => entry.types?.default ?? []);
const seen = new Set();

rmSync('dist/commonjs', { recursive: true, force: true });
while (waiting.length > 0) {
  const file = normalize(waiting.pop());
  if (seen.has(file)) continue;
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const copy = file.replace(/^dist\//, 'dist/commonjs/');
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, text);
  for (const [, path] of text.matchAll(/(?:\bfrom |\bimport\(|^import )['"](\.[^'"]*)\.[jt]s['"]/gm)) {
    waiting.push(join(dirname(file), `${path}.d.ts`));
  }
}
writeFileSync('dist/commonjs/package.json', '{ "type": "commonjs" }\n');
