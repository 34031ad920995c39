/** Tests that a reader finds every page: from README, and in the sidebar of the site. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inRoot } from '../../support/paths.ts';

const pages = readdirSync(inRoot('docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : []));

for (const index of ['README.md', 'site/contents.js']) {
  test(`${index} leads to every page`, () => {
    const text = readFileSync(inRoot(index), 'utf8');
    const missing = pages.filter((page) => !text.includes(page));
    assert.deepEqual(missing, []);
  });
}
