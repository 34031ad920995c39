/** Tests the pages: each link leads to a page and a heading that exist, and each file and program that a page names exists. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { root } from '../../support/paths.ts';

const names = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
for (const name of readdirSync(`${root}docs`)) if (name.endsWith('.md')) names.push(`docs/${name}`);

/** Programs of other packages, and tests of Node itself. */
const ELSEWHERE = /^(bench\/node_modules\/|test\/parallel$)/;

const pages = new Map(names.map((name) => [name, readFileSync(root + name, 'utf8')]));

/** The name that a heading has in a link. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\w\- ]/g, '');
  return words.replaceAll(' ', '-');
}

function anchorsOf(page: string): Set<string> {
  return new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!)));
}

for (const [name, page] of pages) {
  test(`the links of ${name} lead somewhere`, () => {
    for (const [link, path = '', anchor] of page.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
      if (/^https?:/.test(path)) continue;
      const target = path === '' ? name : normalize(join(dirname(name), path));
      assert.ok(existsSync(root + target), `${link}: there is no ${target}`);
      const linked = pages.get(target);
      if (anchor === undefined || linked === undefined) continue;
      assert.ok(anchorsOf(linked).has(anchor), `${link}: ${target} has no such heading`);
    }
  });

  test(`the files and programs that ${name} names exist`, () => {
    const files = [...page.matchAll(/`((?:src|test|scripts|bench|examples)\/[\w./-]+)`/g)];
    const programs = [...page.matchAll(/\bnode ((?:out|bench)\/[\w./-]+\.js)/g)];
    for (const [, path] of [...files, ...programs]) {
      if (!ELSEWHERE.test(path!)) assert.ok(existsSync(root + path!), `there is no ${path}`);
    }
  });
}
