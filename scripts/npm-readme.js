/**
 * Gives README.md of the packed package addresses that work on npm's page: `npm pack` and `npm publish` run this before and after.
 *
 * npm's page shows README.md alone. It resolves a relative link in Markdown against the repository's default branch, an `<img>` only
 * sometimes, and the `srcset` of a `<source>` never. So links and pictures become absolute, to the files of the released version, and of
 * the two forms of a picture the light one stays, as npm's page has no dark form.
 *
 * node scripts/npm-readme.js pack|restore [directory of the package]
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [, , what, directory = '.'] = process.argv;
const readme = join(directory, 'README.md');
/** The file as it is in the repository, while the package is packed. */
const kept = join(directory, '.README.md');

if (what === 'pack') pack();
else if (what === 'restore') restore();
else {
  console.error('usage: node scripts/npm-readme.js pack|restore [directory]');
  process.exitCode = 2;
}

function pack() {
  // A run that was cut short has left the other form.
  restore();
  const { version, repository } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const addresses = addressesOf(repository.url.replace(/^git\+/, '').replace(/\.git$/, ''), `v${version}`);
  const text = readFileSync(readme, 'utf8');
  writeFileSync(kept, text);
  writeFileSync(readme, absolute(text, addresses));
}

function restore() {
  if (existsSync(kept)) renameSync(kept, readme);
}

/** Where the files of a tag are: to look at, and as they are. GitLab and Gitea follow the shape of one of these two. */
function addressesOf(repository, tag) {
  const { hostname, pathname } = new URL(repository);
  if (hostname === 'github.com')
    return { page: `${repository}/blob/${tag}/`, raw: `https://raw.githubusercontent.com${pathname}/${tag}/` };
  return { page: `${repository}/-/blob/${tag}/`, raw: `${repository}/-/raw/${tag}/` };
}

function absolute(text, { page, raw }) {
  const picture = /<picture>\s*<source[^>]*>\s*<img alt="([^"]*)" src="([^"]+)">\s*<\/picture>/g;
  const isRelative = (path) => !/^(?:[a-z]+:|#)/.test(path);
  return text
    .replaceAll(picture, (_, alt, path) => `![${alt}](${path})`)
    .replaceAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, image, name, path) =>
      isRelative(path) ? `${image}[${name}](${image === '' ? page : raw}${path})` : whole,
    );
}
