/**
 * Makes the picture of the dashboard in README: `npm run build && node scripts/dashboard-picture.js`. It needs Chromium. The picture
 * is of a real server under a real load, which has lost a worker and been reloaded.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startLoad, startServer } from '../dist/testing.js';
import { Browser } from '../out/test/support/screens/browser.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const directory = `${root}docs/pictures/`;
const PORT = '28080';
/** The charts show ten minutes. */
const PAST_SECONDS = 590;
const VIEW = { width: 1200, height: 640 };

const app = await startServer({
  entry: `${root}test/fixtures/apps/hello.js`,
  options: ['--workers', '3', '--name', 'shop', '--admin', '0'],
  env: { PORT },
});
try {
  const { address, token } = (await app.event('admin')).fields;
  const load = startLoad(app.target, { clients: 24, connections: 'kept', pause: '60ms', requests: [{ path: '/' }] });
  await delay(PAST_SECONDS * 300);
  const more = startLoad(app.target, { clients: 12, connections: 'mixed', pause: '40ms', requests: [{ path: '/' }] });
  await delay(PAST_SECONDS * 400);
  await more.stop();
  await delay(PAST_SECONDS * 250);
  await app.reload();
  await delay(PAST_SECONDS * 45);
  app.kill(2);
  await delay(PAST_SECONDS * 5);
  mkdirSync(directory, { recursive: true });
  const browser = await Browser.open(`${address}/#token=${token}`, VIEW);
  await browser.call('Emulation.setScrollbarsHidden', { hidden: true });
  try {
    await browser.shows(`document.querySelectorAll('.tile').length === 3`);
    for (const isDark of [false, true]) {
      await browser.look({ ...VIEW, isDark });
      await delay(3000);
      const file = `${directory}dashboard-${isDark ? 'dark' : 'light'}.png`;
      const picture = await browser.screenshot();
      writeFileSync(file, picture);
      console.log(`${file}: ${picture.length} bytes`);
    }
  } finally {
    await browser[Symbol.asyncDispose]();
  }
  await load.stop();
} finally {
  await app[Symbol.asyncDispose]();
}
