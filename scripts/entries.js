/** Reads from a package.json what its entries are, and follows their declarations. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/**
 * Returns the entries that have types, with paths as package.json has them: `types` is what an ES module reads.
 *
 * @param {string} [manifest] the path of a package.json
 */
export function typedEntries(manifest = 'package.json') {
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8'));
  return Object.entries(exports).flatMap(([name, { types, default: code }]) =>
    types === undefined ? [] : [{ name, types: types.default ?? types, code }],
  );
}

/**
 * Returns every declaration that a compiler reads for these, and these, in normal form.
 *
 * @param {Iterable<string>} starts
 * @throws {Error} when one imports what is not there
 */
export function declarationsFrom(starts) {
  const found = new Set();
  const waiting = Array.from(starts, normalize);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    for (const [, quoted] of readFileSync(file, 'utf8').matchAll(
      /(?:\bfrom |\bimport\(|^import )['"](\.[^'"]+)['"]/gm,
    )) {
      const target = join(dirname(file), quoted.replace(/\.[tj]s$/, '.d.ts'));
      if (!existsSync(target)) throw new Error(`${file} imports ${quoted}, and there is no ${target}`);
      waiting.push(target);
    }
  }
  return found;
}
