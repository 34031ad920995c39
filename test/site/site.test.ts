/** Tests the built site (site/dist) in Chromium, as a reader on a telephone and one at a desk see it. `npm run site:test` builds it first. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { Browser, noBrowser, type View } from '../support/screens/browser.ts';
import { root } from '../support/paths.ts';

const dist = join(root, 'site/dist');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const TELEPHONE: View = { width: 375, height: 812 };
const DESK: View = { width: 1440, height: 900 };

const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.html') && name !== '404.html',
);
let server: Server;
let origin: string;
let browser: Browser;

before(async () => {
  if (noBrowser !== false) return;
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    readFile(join(dist, path)).then(
      (body) => response.setHeader('content-type', TYPES[extname(path)] ?? 'text/plain').end(body),
      () => response.writeHead(404).end(),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await Browser.open(origin);
});

after(async () => {
  if (noBrowser !== false) return;
  await browser[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

/** Goes to a page, and waits until its script has taken the place of what was sent. */
async function go(page: string): Promise<void> {
  await browser.go(origin + page);
  const here = JSON.stringify(origin + page);
  await browser.shows(`location.href === ${here} && document.querySelector('#app')?.__vue_app__ !== undefined`);
}

/** What makes the page wider than the screen: nothing, or the elements that stick out and whose parents do not hide it. */
const overhang = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > clientWidth);
  return wide.map(({ outerHTML }) => outerHTML.slice(0, 80));
})()`;
const hosts = `[...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin + '/'))]`;

test('there are pages', () => assert.ok(pages.length > 25, pages.join(' ')));

/** What the page has complained of. That other programs of this machine make and remove network interfaces is no fault of the page. */
const complaints = (): string[] => browser.complaints.filter((text) => !text.includes('ERR_NETWORK_CHANGED'));

test(
  'no page scrolls sideways, on a telephone or at a desk, complains, or loads from elsewhere',
  { skip: noBrowser },
  async () => {
    for (const page of pages) {
      await go(page);
      for (const view of [TELEPHONE, DESK]) {
        await browser.look(view);
        assert.deepEqual(await browser.evaluate<string[]>(overhang), [], `${page} is wider than ${view.width} px`);
      }
      for (const host of await browser.evaluate<string[]>(hosts)) assert.equal(host, origin, page);
      assert.deepEqual(complaints(), [], page);
    }
  },
);

for (const view of [TELEPHONE, DESK]) {
  test(`the search of ${view.width} px finds a heading, and leads to it`, { skip: noBrowser }, async () => {
    await browser.look(view);
    await go('index.html');
    await browser.click('.DocSearch-Button, .VPNavBarSearch button');
    await browser.shows(`document.activeElement?.matches('input.search-input')`);
    await browser.type('keep-previous');
    await browser.shows(`document.querySelectorAll('.VPLocalSearchBox .result').length > 0`);
    const found = await browser.evaluate<string[]>(
      `[...document.querySelectorAll('.VPLocalSearchBox .result')].map(({ pathname }) => pathname)`,
    );
    assert.ok(found.includes('/configuration.html'), found.join(' '));
    await browser.press('Enter');
    await browser.shows(`location.pathname !== '/index.html' && document.querySelector('.VPLocalSearchBox') === null`);
    assert.deepEqual(complaints(), []);
  });
}

test('dark and light follow the system, and the switch; so do pictures', { skip: noBrowser }, async () => {
  const shown = `[...document.querySelectorAll('.vp-doc img')].filter((image) => image.offsetParent !== null).map(({ className, complete, naturalWidth }) => className + (complete && naturalWidth > 0 ? '' : ' is broken'))`;
  const isDark = `document.documentElement.classList.contains('dark')`;
  await browser.look({ ...DESK, isDark: true });
  await go('benchmarks.html');
  await browser.shows(isDark);
  assert.deepEqual(new Set(await browser.evaluate<string[]>(shown)), new Set(['dark-only']));
  await browser.click('.VPNavBarAppearance button');
  await browser.shows(`!${isDark}`);
  await browser.shows(`${shown}.every((name) => name === 'light-only')`);
});

test('a link to a heading arrives there', { skip: noBrowser }, async () => {
  await browser.look(DESK);
  await go('lifecycle.html#the-way-back');
  await browser.shows(`document.getElementById('the-way-back').getBoundingClientRect().top < innerHeight / 2`);
});
