/**
 * Prints what the package is made of, as CycloneDX, after a build: node scripts/sbom.js > sbom.cdx.json. `npm sbom` by itself lists
 * what is installed for the work on prefork, and has no word for packages whose code is in our own files (scripts/bundle.js): those
 * are all that users get.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const { name, version } = read('package.json');
const { packages } = read('package-lock.json');
const bundled = new Set(read('dist/.bundled.json').map((one) => `${one}@${packages[`node_modules/${one}`].version}`));

const flags = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx', '--sbom-type', 'library'];
const shell = process.platform === 'win32';
const { metadata, components, ...rest } = JSON.parse(execFileSync('npm', flags, { shell, maxBuffer: 1e9 }));

const bill = {
  ...rest,
  // npm names it after the directory.
  metadata: { ...metadata, component: { ...metadata.component, name } },
  // npm marks them as needed for development alone, which is true of the installation and not of the code.
  components: components
    .filter((component) => bundled.has(component['bom-ref']))
    .map((component) => ({ ...component, properties: [] })),
  dependencies: [
    { ref: `${name}@${version}`, dependsOn: [...bundled] },
    ...[...bundled].map((ref) => ({ ref, dependsOn: [] })),
  ],
};
console.log(JSON.stringify(bill, undefined, 2));
