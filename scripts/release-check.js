/**
 * What has to hold before the package is published, and only its maintainers can see to: npm run release:check [directory].
 * `npm publish` runs it. Prints what is wrong, one a line, and exits 1 then.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const directory = process.argv[2] ?? process.cwd();
const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
const { name, version, repository, bugs, publishConfig, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;

const checks = [addresses, provenance, peers, changelog, files];
const faults = checks.flatMap((check) => [...check()]);
for (const fault of faults) console.error(`release: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else console.log(`release: ${name} ${version} can be published`);

/** Until somebody has said where the project lives, they are placeholders: names that exist nowhere (RFC 2606). */
function* addresses() {
  for (const [key, value] of Object.entries({ 'repository.url': repository?.url, 'bugs.url': bugs?.url })) {
    const url = parse(value);
    if (url?.protocol !== 'https:') yield `${key}: expected an https address, got ${JSON.stringify(value)}`;
    else if (/(^|\.)(invalid|example|test|localhost|example\.(com|net|org))$/.test(url.hostname))
      yield `${key}: ${url.hostname} is a placeholder: say where the project lives`;
  }
}

/** As npm writes it. Node 20 has no URL.parse. */
function parse(value) {
  try {
    return new URL(String(value ?? '').replace(/^git\+/, ''));
  } catch {
    return undefined;
  }
}

function* provenance() {
  if (publishConfig?.provenance !== true)
    yield 'publishConfig.provenance: expected true, so that users can see what built it';
}

/** A major version to come is not known to work, and who installs it should be told so. */
function* peers() {
  for (const [peer, range] of Object.entries(peerDependencies)) {
    if (!/^>=\d+(\.\d+)* <\d+(\.\d+)*$/.test(range))
      yield `peerDependencies: expected ${peer} from one version to another, got ${range}`;
    if (peerDependenciesMeta[peer]?.optional !== true) yield `peerDependenciesMeta: ${peer} is not optional`;
  }
}

function* changelog() {
  const text = readFileSync(join(directory, 'CHANGELOG.md'), 'utf8');
  const heading = `## ${version}`;
  if (!text.split('\n').some((line) => line === heading || line.startsWith(`${heading} `))) {
    yield `CHANGELOG.md: has no "${heading}"`;
  }
}

function* files() {
  const flags = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const shell = process.platform === 'win32';
  const packed = JSON.parse(execFileSync('npm', flags, { cwd: directory, shell, stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const { path } of Object.values(packed)[0].files) {
    if (/\.tsbuildinfo$|(^|\/)\.env|\.pem$|\.key$/.test(path)) yield `${path} does not belong into the package`;
  }
}
