/** Tests in Chromium what the page shows of two generations during a canary, and what people can do about it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBrowser, Browser } from '../../support/screens/browser.ts';
import { canary, canaryStatus, FakeServer } from '../../support/screens/canary.ts';
import { notice, TOKEN } from '../../support/screens/dashboard.ts';

const skip = noBrowser;
const section = `document.querySelector('#canary')`;

test('both generations stand side by side, and nothing that is said of them is more than text', { skip }, async () => {
  await using server = await FakeServer.open();
  await using browser = await Browser.open(`${server.url}/#token=${TOKEN}`);
  await browser.shows(`${section}?.hidden === false && /Generation 3 beside 2/.test(${section}.innerText)`);
  const text = await browser.evaluate<string>(`${section}.innerText`);
  assert.match(text, /in slot 0, for 45s of 2m: undecided so far; rolled back when in doubt/);
  assert.match(text, /gen 2\s+gen 3\s+at most/);
  assert.match(text, /p99\s+21ms\s+62ms\s+31ms\s+worse/);
  assert.match(text, /5xx\s+0\.1%\s+0\.23%\s+0\.6%\s+ok/);
  assert.match(text, /<b id="hostile">says<\/b> \\u001b\[31m\\u202e/);
  assert.equal(await browser.evaluate(`document.querySelector('#hostile')`), null);
  for (const width of [375, 1440]) {
    for (const isDark of [false, true]) {
      await browser.look({ width, height: 1000, isDark });
      await browser.shows(`document.documentElement.scrollWidth <= innerWidth`);
    }
  }
  server.controls.current = canaryStatus({ canary: null, operation: null });
  await browser.shows(`${section}.hidden`);
  assert.deepEqual(browser.complaints, []);
});

for (const [button, key, path, title] of [
  ['promote', 'p', 'promote', 'Promote?'],
  ['rollback', 'b', 'rollback', 'Roll back?'],
] as const) {
  test(`${path} is asked for by its button or key, after a question`, { skip }, async () => {
    await using server = await FakeServer.open();
    await using browser = await Browser.open(`${server.url}/#token=${TOKEN}`);
    await browser.shows(`${section}?.hidden === false && !document.querySelector('#${button}').disabled`);
    await browser.press(key);
    await browser.shows(`document.querySelector('#confirm-title').textContent === '${title}'`);
    await browser.click('#confirm .cancel');
    assert.deepEqual(server.controls.calls, []);
    await browser.click(`#${button}`);
    await browser.click('#confirm-yes');
    await browser.shows(notice(/(Promotion|Rollback) done in /));
    assert.deepEqual(server.controls.calls, [path]);
    assert.deepEqual(browser.complaints, []);
  });
}

test('without the token there is nothing to press, and no word of the application', { skip }, async () => {
  await using server = await FakeServer.open();
  await using browser = await Browser.open(`${server.url}/`);
  await browser.shows(`${section}?.hidden === false && /Generation 3/.test(${section}.innerText)`);
  for (const button of ['promote', 'rollback']) {
    assert.equal(await browser.evaluate(`document.querySelector('#${button}').disabled`), true);
    const asked = `fetch('${button}', { method: 'POST' }).then(({ status }) => status)`;
    assert.equal(await browser.evaluate(asked), 401);
  }
  const text = await browser.evaluate<string>(`${section}.innerText`);
  for (const reason of canary.reasons) assert.ok(!text.includes(reason.slice(0, 12)), text);
  assert.match(text, /the log says why/);
  assert.deepEqual(server.controls.calls, []);
});

test('a generation that is kept can be returned to, while no canary is watched', { skip }, async () => {
  const kept = { generation: 2, workers: 2, rss: 1, until: new Date(Date.now() + 600_000).toISOString() };
  await using server = await FakeServer.open();
  await using browser = await Browser.open(`${server.url}/#token=${TOKEN}`);
  const place = `document.querySelector('#kept')`;
  await browser.shows(`${section}?.hidden === false && ${place}.hidden`);
  server.controls.current = canaryStatus({ canary: null, operation: null, kept });
  await browser.shows(`${place}.hidden === false && /Generation 2 is kept/.test(${place}.innerText)`);
  await browser.click('#return');
  await browser.shows(`/^The workers of generation 2 take/.test(document.querySelector('#confirm p').textContent)`);
  await browser.click('#confirm-yes');
  await browser.shows(notice(/Rollback done in /));
  assert.deepEqual(server.controls.calls, ['rollback']);
  assert.deepEqual(browser.complaints, []);
});
