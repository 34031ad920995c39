/** The dashboard in Chromium, as people see it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App } from '../support/app.ts';
import { Browser, noBrowser } from '../support/browser.ts';
import { ask } from '../support/http.ts';
import { freePort } from '../support/platform.ts';

const skip = noBrowser;
const TOKEN = 'a-token-of-this-test';

interface Shown {
  readonly app: App;
  readonly browser: Browser;
  readonly url: string;
}

interface LookOptions {
  readonly entry?: string;
  readonly options?: readonly string[];
  readonly admin?: string;
}

async function look(
  { entry = 'hello.js', options = ['--workers', '2'], admin = '0' }: LookOptions,
  test: (shown: Shown) => Promise<void>,
  fragment = `#token=${TOKEN}`,
): Promise<void> {
  const flags = ['--admin', admin, '-n', 'api', ...options];
  await using app = await serve({ entry, options: flags, env: { PREFORK_ADMIN_TOKEN: TOKEN } });
  const { fields } = await app.event('admin');
  const url = fields['address']!;
  await using browser = await Browser.open(`${url}/${fragment}`);
  await browser.shows(`document.querySelector('#link')?.textContent === 'live' && ${tiles} > 0`);
  await test({ app, browser, url });
}

const tiles = `document.querySelectorAll('.tile').length`;

/** What the tile of a slot says. */
function tile(slot: number, pattern: RegExp): string {
  return `${String(pattern)}.test(document.querySelector('#slot-${slot}')?.innerText ?? '')`;
}

function event(pattern: RegExp): string {
  return `${String(pattern)}.test(document.querySelector('#events').innerText)`;
}

function notice(pattern: RegExp): string {
  return `${String(pattern)}.test(document.querySelector('#notices').innerText)`;
}

const isLocked = `document.querySelector('#reload').disabled && document.querySelector('#more').disabled`;

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
    // What the browser says of the two refusals, and nothing else.
    assert.equal(browser.complaints.length, 2);
    for (const complaint of browser.complaints) assert.match(complaint, /status of 401/);
  };
  await look({}, forget, '');
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
    // The others go on, and so do the figures.
    await browser.shows(tile(slot, /hung [2-9]s/));
    await browser.shows(tile(1 - slot, /serving/));
    process.kill(Number(fields['pid']), 'SIGKILL');
    await app.event('worker ready', { slot }, 2);
    await browser.shows(tile(slot, /serving/));
    await browser.shows(`document.querySelector('#troubles').childElementCount === 0`);
    assert.deepEqual(browser.complaints, []);
  });
});

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
    // What a dialog covers is not to be done by a key.
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
    await browser.shows(notice(/The server has stopped\. What is shown is of \d/));
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
