/**
 * Lets Prometheus watch a server whose workers are killed. No counter may fall and no scrape may fail. The totals must
 * be those of the clients, except for what a killed worker had not written. The soak needs prometheus and promtool; npm
 * test leaves it out, see CONTRIBUTING.md.
 *
 *     node out/test/soak/metrics.js [--seconds 120]
 */
import { spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServer, type App, type Target } from 'prefork/testing';
import { fixture } from '../support/paths.ts';
import { INTERVAL_SECONDS, Prometheus } from './prometheus.ts';

const CLIENTS = 16;
/** The time between two requests of a client, short enough to keep the machine busy without overloading it. */
const PAUSE_MS = 4;
/** The time between two kills. */
const KILLS_MS = 5000;
/** A worker writes its figures every 250 ms, or a little later. */
const BEAT_MS = 300;

/** The experience of the clients. */
class Count {
  readonly byStatus = new Map<number, number>();
  /** Requests without an answer, because their worker was killed. */
  broken = 0;
  /** The times of each worker's answers, by pid. */
  readonly #times = new Map<string, number[]>();

  answered(status: number, pid: string): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    const times = this.#times.get(pid) ?? [];
    times.push(performance.now());
    this.#times.set(pid, times);
  }

  get all(): number {
    return [...this.byStatus.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Counts the worker's answers in the last `ms`. */
  lately(pid: number, ms: number): number {
    const from = performance.now() - ms;
    return (this.#times.get(String(pid)) ?? []).filter((time) => time >= from).length;
  }
}

function ask(target: Target, agent: Agent, path: string): Promise<readonly [status: number, body: string]> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, agent, path });
    outgoing.once('error', reject).once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('error', reject).once('end', () => resolve([response.statusCode!, body]));
    });
    outgoing.end();
  });
}

/** Sends requests; aborting the controller ends it. */
async function load(target: Target, count: Count, { signal }: AbortController): Promise<void> {
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let nth = 0; !signal.aborted; nth++) {
      try {
        count.answered(...(await ask(target, agent, nth % 10 === 0 ? '/missing' : '/')));
      } catch {
        count.broken++;
      }
      await delay(PAUSE_MS);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** The figures that may be missing from the totals. */
interface Unwritten {
  kills: number;
  requests: number;
  /** The application's own metrics, which are as old as the last scrape. */
  hits: number;
}

async function kill(app: App, count: Count, until: number): Promise<Unwritten> {
  const unwritten = { kills: 0, requests: 0, hits: 0 };
  while (performance.now() + KILLS_MS < until) {
    await delay(KILLS_MS);
    const slot = unwritten.kills++ % 2;
    const pid = app.worker(slot);
    unwritten.requests += count.lately(pid, BEAT_MS);
    unwritten.hits += count.lately(pid, 2 * INTERVAL_SECONDS * 1000);
    process.kill(pid, 'SIGKILL');
    await app.event('worker ready', { nth: 2 + unwritten.kills });
  }
  await delay(until - performance.now());
  return unwritten;
}

let isGood = true;

/** Prints a line of the report. */
function check(what: string, value: number, least: number, most: number = least): void {
  const fits = value >= least && value <= most;
  isGood &&= fits;
  const expected = least === most ? String(least) : `${least} to ${most}`;
  console.log(`| ${what} | ${value} | ${expected} | ${fits ? 'yes' : '**no**'} |`);
}

async function report(prometheus: Prometheus, count: Count, lost: Unwritten, seconds: number): Promise<void> {
  const range = `[${seconds + 60}s]`;
  const counters = await prometheus.names('counter');
  const histograms = await prometheus.names('histogram');
  const parts = histograms.flatMap((name) => [`${name}_bucket`, `${name}_sum`, `${name}_count`]);
  let resets = 0;
  for (const name of [...counters, ...parts])
    resets += await prometheus.value(`sum(resets(${name}${range})) or vector(0)`);
  check(`resets of ${counters.length + parts.length} counters`, resets, 0);
  check('least `up`', await prometheus.value(`min_over_time(up${range})`), 1);
  // The first scrape may be late, and another one may be late once.
  check('scrapes', await prometheus.value(`count_over_time(up${range})`), seconds / INTERVAL_SECONDS - 2, Infinity);
  check(
    'longest scrape, s',
    await prometheus.value(`max_over_time(scrape_duration_seconds${range})`),
    0,
    INTERVAL_SECONDS,
  );
  const { all, broken, byStatus } = count;
  const missing = (name: string): Promise<number> => prometheus.value(`sum(${name})`).then((total) => all - total);
  console.log(`| answers that the clients have | ${all} | | |`);
  for (const name of [
    'prefork_requests_finished_total',
    'prefork_requests_total',
    'prefork_request_duration_seconds_count',
  ]) {
    check(`of them missing in \`${name}\``, await missing(name), -broken, lost.requests);
  }
  const notFound = byStatus.get(404)! - (await prometheus.value('sum(prefork_requests_total{status="4xx"})'));
  check('404s missing in `{status="4xx"}`', notFound, -broken, lost.requests);
  check('missing in `hits_total`, the application’s own', await missing('hits_total'), -broken, lost.hits);
  check('kills in `prefork_worker_exits_total`', await prometheus.value('sum(prefork_worker_exits_total)'), lost.kills);
  check('requests in flight', await prometheus.value('sum(prefork_requests_in_flight)'), 0);
}

/** Counts the lines of promtool's complaints about a scrape. */
async function complaints(admin: string): Promise<number> {
  const input = await (await fetch(`http://${admin}/metrics`)).text();
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  const text = `${stdout}${stderr}`.trim();
  if (text !== '') console.error(text);
  return status === 0 && text === '' ? 0 : text.split('\n').length;
}

async function main(seconds: number): Promise<void> {
  const options = ['--workers', '2', '--admin', '0', '--recover-threshold', '1000'];
  await using app = await startServer({ entry: fixture('counts.js'), options });
  const admin = String((await app.event('admin')).fields['address']).replace('http://', '');
  await using prometheus = await Prometheus.start(admin);
  const count = new Count();
  const over = new AbortController();
  const [lost] = await Promise.all([
    kill(app, count, performance.now() + seconds * 1000).finally(() => over.abort()),
    load(app.target, count, over),
  ]);
  // The wait is for a beat, and then for a scrape of it.
  await delay(BEAT_MS + 2 * INTERVAL_SECONDS * 1000);
  console.log('| what | is | should be | good |\n| --- | --- | --- | --- |');
  await report(prometheus, count, lost, seconds);
  check('complaints of promtool', await complaints(admin), 0);
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
await main(Number(values.seconds));
process.exitCode = isGood ? 0 : 1;
