/** Shows the dashboard of a server in Chromium. */
import { serve, type App } from '../app.ts';
import { Browser } from './browser.ts';

/** The token of --admin in these tests. */
export const TOKEN = 'a-token-of-this-test';

export interface Shown {
  readonly app: App;
  readonly browser: Browser;
  /** The URL of --admin. */
  readonly url: string;
}

export interface LookOptions {
  readonly entry?: string;
  readonly options?: readonly string[];
  readonly admin?: string;
  /** The end of the address. */
  readonly fragment?: string;
}

/** Runs a test while a browser shows a server, and ends both. */
export async function look(
  { entry = 'hello.js', options = ['--workers', '2'], admin = '0', fragment = `#token=${TOKEN}` }: LookOptions,
  test: (shown: Shown) => Promise<void>,
): Promise<void> {
  const flags = ['--admin', admin, '-n', 'api', ...options];
  await using app = await serve({ entry, options: flags, env: { PREFORK_ADMIN_TOKEN: TOKEN } });
  const { fields } = await app.event('admin');
  const url = fields['address']!;
  await using browser = await Browser.open(`${url}/${fragment}`);
  await browser.shows(`document.querySelector('#link')?.textContent === 'live' && ${tiles} > 0`);
  await test({ app, browser, url });
}

/** An expression for the page: the number of tiles. */
export const tiles = `document.querySelectorAll('.tile').length`;

/** An expression for the page: whether nothing can be changed. */
export const isLocked = `document.querySelector('#reload').disabled && document.querySelector('#more').disabled`;

/** An expression for the page: whether the tile of a slot matches. */
export function tile(slot: number, pattern: RegExp): string {
  return `${String(pattern)}.test(document.querySelector('#slot-${slot}')?.innerText ?? '')`;
}

/** An expression for the page: whether the list of events matches. */
export function event(pattern: RegExp): string {
  return `${String(pattern)}.test(document.querySelector('#events').innerText)`;
}

/** An expression for the page: whether the notices match. */
export function notice(pattern: RegExp): string {
  return `${String(pattern)}.test(document.querySelector('#notices').innerText)`;
}
