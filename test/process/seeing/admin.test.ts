/**
 * Tests the address of --admin while the primary is replaced: no client is refused, and counters start anew only once.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { serve, type App, type Target } from '../../support/app.ts';
import { ask, get, untilRefused } from '../../support/http.ts';
import { endSuccessor, upgraded } from '../../support/upgrades.ts';
import { poll } from '../../support/watched.ts';

async function adminOf(app: App, nth = 1): Promise<Target> {
  const { fields } = await app.event('admin', {}, nth);
  const { hostname: host, port } = new URL(String(fields['address']));
  return { host, port: Number(port) };
}

/** Scrapes as Prometheus does, one after the other, each on a connection of its own. */
class Scraper {
  readonly failures: string[] = [];
  /** The results of each scrape: when the primary started, and its number of requests. */
  readonly seen: Array<readonly [start: number, requests: number]> = [];
  readonly #over = new AbortController();
  readonly #done: Promise<void>;

  constructor(admin: Target) {
    this.#done = this.#run(admin);
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#done;
  }

  async #run(admin: Target): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        const { status, body } = await get(admin, { path: '/metrics' });
        assert.equal(status, 200);
        this.seen.push([sum(body, 'prefork_start_time_seconds'), sum(body, 'prefork_requests_finished_total')]);
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }
}

function sum(body: string, name: string): number {
  const lines = body.split('\n').filter((line) => line.startsWith(name));
  assert.ok(lines.length > 0, body);
  return lines.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Counts how often a figure falls, as `resets()` of PromQL does. */
function falls(figures: readonly number[]): number {
  return figures.filter((figure, nth) => nth > 0 && figure < figures[nth - 1]!).length;
}

function changes(figures: readonly number[]): number {
  return figures.filter((figure, nth) => nth > 0 && figure !== figures[nth - 1]).length;
}

test('an upgrade passes the address on: no scrape fails, and counters are reset once', async () => {
  await using app = await serve({ entry: 'hello.js', options: ['--workers', '2', '--admin', '0'] });
  const admin = await adminOf(app);
  for (let sent = 0; sent < 50; sent++) await ask(app.target);
  const metrics = async (): Promise<number> =>
    sum((await get(admin, { path: '/metrics' })).body, 'prefork_requests_finished_total');
  await poll(async () => (await metrics()) === 50 || undefined, 'all requests in the metrics');
  const scrapers = Array.from({ length: 4 }, () => new Scraper(admin));
  let last = app.pid;
  for (let nth = 1; nth <= 2; nth++) {
    process.kill(last, 'SIGUSR2');
    last = await upgraded(app, nth);
    assert.deepEqual(await adminOf(app, nth + 1), admin, 'the same port');
    const answered = scrapers.map(({ seen }) => seen.length);
    await poll(() => scrapers.every(({ seen }, one) => seen.length > answered[one]! + 1) || undefined, 'scrapes');
  }
  await Promise.all(scrapers.map((scraper) => scraper.end()));
  for (const { failures, seen } of scrapers) {
    assert.deepEqual(failures, []);
    const starts = seen.map(([start]) => start);
    assert.equal(changes(starts), 2, 'from the first primary to the second to the third, and never back');
    assert.equal(falls(starts), 0);
    assert.equal(falls(seen.map(([, requests]) => requests)), 1, 'from 50 to nothing, and nothing it stays');
  }
  await endSuccessor(app, last);
  await untilRefused(admin);
});

test('the address may be another one after an upgrade, or none', async () => {
  await using app = await serve({
    entry: 'hello.js',
    options: ['--workers', '1', '--config', 'some.json'],
    files: { 'some.json': JSON.stringify({ admin: '127.0.0.1:0' }) },
  });
  const first = await adminOf(app);
  const configure = (config: object): void =>
    writeFileSync(join(app.directory, 'some.json'), JSON.stringify({ shutdownGracePeriod: '9s', ...config }));
  configure({ admin: 'localhost:0' });
  app.signal('SIGUSR2');
  const second = await upgraded(app);
  const other = await adminOf(app, 2);
  await untilRefused(first);
  assert.equal(await ask(other, '/healthz'), 'ok\n');
  configure({});
  process.kill(second, 'SIGUSR2');
  const third = await upgraded(app, 2);
  await untilRefused(other);
  await endSuccessor(app, third);
});

test('an upgrade that fails leaves the address with the primary that serves on', async () => {
  const good = `require('node:http').createServer((_request, response) => response.end()).listen(process.env.PORT);`;
  const options = ['--workers', '1', '--admin', '0'];
  await using app = await serve({ entry: './app.cjs', files: { 'app.cjs': good }, options });
  const admin = await adminOf(app);
  writeFileSync(join(app.directory, 'app.cjs'), `throw new Error('no database');`);
  const scraper = new Scraper(admin);
  app.signal('SIGUSR2');
  await app.event('upgrade failed');
  const { length } = scraper.seen;
  await poll(() => scraper.seen.length > length + 3 || undefined, 'scrapes');
  await scraper.end();
  assert.deepEqual(scraper.failures, []);
  assert.equal(changes(scraper.seen.map(([start]) => start)), 0);
});
