/**
 * Makes dist/commonjs/: the declarations that users see who write CommonJS with `module: node16`. TypeScript takes the format of a
 * module from the package.json above its declarations, and refuses to require() what it believes to be an ES module. Node requires ES
 * modules since 20.19, so what runs is the same file for all. Declarations that no entry reaches are left out.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { declarationsFrom, typedEntries } from './entries.js';

rmSync('dist/commonjs', { recursive: true, force: true });
for (const file of declarationsFrom(typedEntries().map(({ types }) => types))) {
  const copy = file.replace(/^dist\//, 'dist/commonjs/');
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(file, copy);
}
writeFileSync('dist/commonjs/package.json', '{ "type": "commonjs" }\n');
