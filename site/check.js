/**
 * Looks at the site as it is built: each link leads to a page and a heading that exist, and no page loads anything of another host.
 * Prints what is wrong, one a line, and exits 1 then.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = process.argv[2] ?? fileURLToPath(new URL('dist', import.meta.url));
const files = readdirSync(dist, { recursive: true }).map((name) => name.replaceAll('\\', '/'));
const pages = new Map(files.filter((name) => name.endsWith('.html')).map((name) => [name, read(name)]));
const faults = [...pages].flatMap(([name, html]) => [...links(name, html), ...loads(name, html)]).concat(...styles());

for (const fault of new Set(faults)) console.error(`site: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else console.log(`site: ${pages.size} pages, and all their links lead somewhere`);

function read(name) {
  return readFileSync(join(dist, name), 'utf8');
}

function* links(name, html) {
  for (const [, href] of html.matchAll(/<a\b[^>]*? href="([^"]*)"/g)) {
    if (/^[a-z]+:/.test(href)) continue;
    const [path, anchor = ''] = href.replaceAll('&amp;', '&').split('#');
    const target = path === '' ? name : fileOf(posix.resolve('/', posix.dirname(name), path), path.endsWith('/'));
    if (!existsSync(join(dist, target))) yield `${name}: ${href}: there is no ${target}`;
    else if (anchor !== '' && pages.has(target) && !pages.get(target).includes(` id="${decodeURIComponent(anchor)}"`))
      yield `${name}: ${href}: ${target} has no such heading`;
  }
}

function fileOf(absolute, isDirectory) {
  const path = absolute.slice(1);
  return path === '' || isDirectory ? posix.join(path, 'index.html') : path;
}

/** Scripts, styles, fonts and pictures of other hosts. A link to one is the reader's own step, and is none of these. */
function* loads(name, html) {
  const tags = html.matchAll(/<(script|link|img|source|iframe|video|audio|object|embed)\b[^>]*>/g);
  for (const [tag] of tags) {
    const [, foreign] = /(?:src|srcset|href|data)="((?:https?:)?\/\/[^"]*)"/.exec(tag) ?? [];
    if (foreign !== undefined) yield `${name} loads ${foreign}`;
  }
}

function* styles() {
  for (const name of files.filter((one) => one.endsWith('.css'))) {
    for (const [, url] of read(name).matchAll(/(?:url\(|@import )["']?((?:https?:)?\/\/[^"')]*)/g))
      yield `${name} loads ${url}`;
  }
}
