/** Tests the dashboard in Chromium as people see it: what happens to a server, and what they do to it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import process from 'node:process';
import { test } from 'node:test';
import { noBrowser } from '../../support/screens/browser.ts';
import { event, isLocked, look, notice, tile, tiles, TOKEN, type Shown } from '../../support/screens/dashboard.ts';
import { ask } from '../../support/http.ts';

const skip = noBrowser;

test('a killed worker shows within two seconds, and so does its successor', { skip }, async () => {
  await look({}, async ({ app, browser }) => {
    const pid = app.worker(1);
    await browser.shows(tile(1, new RegExp(`pid.${pid}`)));
    process.kill(pid, 'SIGKILL');
    await browser.shows(event(new RegExp(`Slot 1, pid ${pid}, crashed[^]*killed by SIGKILL`)), 2000);
    await app.event('worker ready', { slot: 1 }, 2);
    await browser.shows(
      tile(1, new RegExp(`serving[^]*pid.${app.worker(1)}[^]*1 crash · \\d+s ago: killed by SIGKILL`)),
    );
    assert.deepEqual(browser.complaints, []);
  });
});

test('buttons reload and scale, after a question', { skip }, async () => {
  await look({}, async ({ app, browser }) => {
    await browser.click('#reload');
    await browser.shows(`document.querySelector('#confirm').open`);
    assert.equal(app.events('reload done').length, 0);
    await browser.click('#confirm-yes');
    await app.event('reload done', { gen: 2 });
    await browser.shows(notice(/Reload done in /));
    await browser.shows(tile(0, /serving[^]*gen.2/));
    await browser.shows(event(/Reload done[^]*gen 2, in /));
    await browser.click('#more');
    await browser.shows(`document.querySelector('#confirm input').value === '3'`);
    await browser.click('#confirm-yes');
    await app.event('scaled', { workers: 3 });
    await browser.shows(`${tiles} === 3 && document.querySelector('#wanted').textContent === '3'`);
    await browser.click('#fewer');
    await browser.click('#confirm .cancel');
    assert.equal(app.events('scaled').length, 1);
    assert.deepEqual(browser.complaints, []);
  });
});

test('the charts are full when the page opens', { skip }, async () => {
  await look({}, async ({ app, browser }) => {
    const points = `fetch('history').then((response) => response.json()).then(({ totals }) => totals.length)`;
    for (let asked = 0; asked < 20; asked++) await ask(app.target);
    await browser.shows(`${points}.then((count) => count >= 4)`);
    await browser.evaluate('location.reload()');
    // A page that has only what it has seen itself begins at the right edge, and is there after four seconds.
    const first = `Number(/M([\\d.]+)/.exec(document.querySelector('#slot-0 .line')?.getAttribute('d') ?? '')?.[1] ?? 240)`;
    await browser.shows(`${first} < 233`, 3000);
    assert.deepEqual(browser.complaints, []);
  });
});

test('the token leaves the address, and stays in this tab alone', { skip }, async () => {
  await look({}, async ({ browser, url }) => {
    assert.equal(await browser.evaluate('location.href'), `${url}/`);
    assert.equal(await browser.evaluate('Object.keys(localStorage).length + document.cookie.length'), 0);
    assert.equal(await browser.evaluate(isLocked), false);
    await browser.press('t');
    await browser.shows(isLocked);
    assert.equal(await browser.evaluate('sessionStorage.length'), 0);
  });
});

test('without the token nothing can be changed, and a wrong one is refused', { skip }, async () => {
  const forget = async ({ app, browser }: Shown): Promise<void> => {
    assert.equal(await browser.evaluate(isLocked), true);
    const status = `fetch('reload', { method: 'POST' }).then((response) => response.status)`;
    assert.equal(await browser.evaluate(status), 401);
    await browser.press('r');
    await browser.shows(`document.querySelector('#token').open`);
    await browser.type('a-wrong-token');
    await browser.press('Enter');
    await browser.shows(`/refused/.test(document.querySelector('#token-wrong').textContent)`);
    assert.equal(await browser.evaluate(isLocked), true);
    await browser.type(TOKEN);
    await browser.press('Enter');
    await browser.shows(`!(${isLocked}) && !document.querySelector('#token').open`);
    assert.equal(app.events('reload done').length, 0);
    // The browser complains about the two refusals, and about nothing else.
    assert.equal(browser.complaints.length, 2);
    for (const complaint of browser.complaints) assert.match(complaint, /status of 401/);
  };
  await look({ fragment: '' }, forget);
});

test('a worker in an endless loop is shown as hung, and the page goes on', { skip }, async () => {
  const options = ['--workers', '2', '--heartbeat-timeout', '0'];
  await look({ entry: 'hangs-on-request.js', options }, async ({ app, browser }) => {
    for (let asked = 0; asked < 20; asked++) await ask(app.target);
    await browser.shows(`document.querySelector('.card .figure').textContent !== '–'`);
    connect(app.port)
      .on('error', () => {})
      .write('GET /spin HTTP/1.1\r\nHost: x\r\n\r\n');
    const { fields } = await app.event('worker hung');
    const slot = Number(fields['slot']);
    await browser.shows(tile(slot, /hung \d+s/), 2000);
    await browser.shows(`/Slot ${slot} hung/.test(document.querySelector('#troubles').innerText)`);
    await browser.shows(event(new RegExp(`pid ${fields['pid']}, hangs`)));
    // The other workers carry on, and so do the figures.
    await browser.shows(tile(slot, /hung [2-9]s/));
    await browser.shows(tile(1 - slot, /serving/));
    process.kill(Number(fields['pid']), 'SIGKILL');
    await app.event('worker ready', { slot }, 2);
    await browser.shows(tile(slot, /serving/));
    await browser.shows(`document.querySelector('#troubles').childElementCount === 0`);
    assert.deepEqual(browser.complaints, []);
  });
});
