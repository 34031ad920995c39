/** Tests the dashboard in Chromium: its window, its keys, and the state of the connection. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { noBrowser } from '../../support/screens/browser.ts';
import { isLocked, look, notice, tiles } from '../../support/screens/dashboard.ts';
import { freePort } from '../../support/platform.ts';

const skip = noBrowser;

test('by keyboard alone', { skip }, async () => {
  await look({}, async ({ app, browser }) => {
    const focus = `(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return document.activeElement.id + ' ' + outlineStyle + ' ' + outlineWidth;
    })()`;
    const ring = 'solid 2px';
    for (const id of ['reload', 'fewer', 'more', 'unlock', 'help']) {
      await browser.press('Tab');
      assert.equal(await browser.evaluate(focus), `${id} ${ring}`);
    }
    await browser.press('?');
    await browser.shows(`document.querySelector('#shortcuts').open`);
    // A key must not do what a dialog covers.
    await browser.press('r');
    assert.equal(await browser.evaluate(`document.querySelector('#confirm').open`), false);
    await browser.press('Escape');
    await browser.shows(`!document.querySelector('#shortcuts').open`);
    await browser.press('+');
    await browser.press('Enter');
    await app.event('scaled', { workers: 3 });
    await browser.shows(`${tiles} === 3`);
    await browser.press('r');
    await browser.press('Enter');
    await app.event('reload done', { gen: 2 });
    await browser.shows(notice(/Reload done/));
    assert.deepEqual(browser.complaints, []);
  });
});

test('when the server stops it says so, and shows what was', { skip }, async () => {
  await look({}, async ({ app, browser }) => {
    assert.deepEqual(await app.stop(), { code: 0, signal: null });
    await browser.shows(`document.querySelector('#link').textContent === 'the server has stopped'`);
    await browser.shows(notice(/The server has stopped\. The figures are from \d/));
    assert.equal(await browser.evaluate(isLocked), true);
    assert.equal(await browser.evaluate(tiles), 2);
  });
});

test('it goes on through an upgrade, in which nothing looks wrong', { skip }, async () => {
  const port = await freePort();
  await look({ admin: String(port) }, async ({ app, browser }) => {
    const seen = `window.seen = []; new MutationObserver(() => seen.push(document.querySelector('#notices').innerText))
      .observe(document.querySelector('#notices'), { childList: true })`;
    await browser.evaluate(seen);
    app.signal('SIGUSR2');
    await app.event('ready', {}, 2);
    await browser.shows(`!/pid\\s${app.pid}\\b/.test(document.querySelector('#facts').innerText)`);
    await browser.shows(`document.querySelector('#link').textContent === 'live'`);
    await browser.shows(`document.querySelectorAll('.tile[data-state="serving"]').length === 2`);
    assert.doesNotMatch(await browser.evaluate<string>('seen.join()'), /No connection/);
    const facts = await browser.evaluate<string>(`document.querySelector('#facts').innerText`);
    process.kill(Number(/pid\s(\d+)/.exec(facts)![1]), 'SIGTERM');
    await app.gone();
  });
});

test('a server that does not answer is not taken for one that is well', { skip }, async () => {
  await look({}, async ({ app, browser }) => {
    process.kill(app.pid, 'SIGSTOP');
    await browser.shows(notice(/No connection to the server/));
    process.kill(app.pid, 'SIGCONT');
    await browser.shows(`document.querySelector('#link').textContent === 'live'`);
    assert.equal(await browser.evaluate(`document.querySelector('#notices').innerText`), '');
  });
});

const views: ReadonlyArray<readonly [width: number, height: number]> = [
  [375, 812],
  [768, 1024],
  [1440, 900],
  [2560, 1440],
];

for (const workers of [2, 12]) {
  test(`nothing is wider than a window, ${workers} workers`, { skip }, async () => {
    await look({ options: ['--workers', String(workers)] }, async ({ browser }) => {
      for (const [width, height] of views) {
        for (const isDark of [false, true]) {
          await browser.look({ width, height, isDark });
          const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
          assert.equal(await browser.evaluate(overflow), 0, `${width} px`);
          const cut = `[...document.querySelectorAll('.tile, .card, .top')]
            .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText).join('; ')`;
          assert.equal(await browser.evaluate(cut), '', `${width} px`);
          const background = `getComputedStyle(document.body).backgroundColor`;
          assert.equal(await browser.evaluate(background), isDark ? 'rgb(11, 14, 19)' : 'rgb(244, 245, 247)');
        }
      }
      assert.deepEqual(browser.complaints, []);
    });
  });
}
