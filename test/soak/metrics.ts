/**
 * What Prometheus makes of a server whose workers are killed: no counter may fall, no scrape fail, and the totals have to be
 * those of the client, but for what a killed worker had not written down. Needs prometheus and promtool. Not part of npm test:
 * see CONTRIBUTING.md.
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
import { INTERVAL, Prometheus } from './prometheus.ts';

const CLIENTS = 16;
/** Between two requests of a client, ms: as much as a busy machine does without being in its own way. */
const PAUSE = 4;
/** Between two kills, ms. */
const KILLS = 5000;
/** A worker writes its figures every 250 ms, or a little later. */
const BEAT = 300;

/** What the clients have seen. */
class Count {
  readonly byStatus = new Map<number, number>();
  /** Without an answer: their worker was killed. */
  broken = 0;
  /** When each worker answered, by pid. */
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

  /** How many the worker has answered in the last so many ms. */
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

/** Until it is aborted. */
async function load(target: Target, count: Count, { signal }: AbortController): Promise<void> {
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let nth = 0; !signal.aborted; nth++) {
      try {
        count.answered(...(await ask(target, agent, nth % 10 === 0 ? '/missing' : '/')));
      } catch {
        count.broken++;
      }
      await delay(PAUSE);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** What may be missing from the totals. */
interface Unwritten {
  kills: number;
  requests: number;
  /** The application's own metrics are as of the last scrape. */
  hits: number;
}

async function kill(app: App, count: Count, until: number): Promise<Unwritten> {
  const unwritten = { kills: 0, requests: 0, hits: 0 };
  while (performance.now() + KILLS < until) {
    await delay(KILLS);
    const slot = unwritten.kills++ % 2;
    const pid = app.worker(slot);
    unwritten.requests += count.lately(pid, BEAT);
    unwritten.hits += count.lately(pid, 2 * INTERVAL * 1000);
    process.kill(pid, 'SIGKILL');
    await app.event('worker ready', { nth: 2 + unwritten.kills });
  }
  await delay(until - performance.now());
  return unwritten;
}

let isGood = true;

/** A line of the report. */
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
  // It may begin late, and be late once.
  check('scrapes', await prometheus.value(`count_over_time(up${range})`), seconds / INTERVAL - 2, Infinity);
  check('longest scrape, s', await prometheus.value(`max_over_time(scrape_duration_seconds${range})`), 0, INTERVAL);
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

/** What promtool has to say of a scrape, in lines. */
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
  // A beat, and then a scrape of it.
  await delay(BEAT + 2 * INTERVAL * 1000);
  console.log('| what | is | should be | good |\n| --- | --- | --- | --- |');
  await report(prometheus, count, lost, seconds);
  check('complaints of promtool', await complaints(admin), 0);
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' } } });
await main(Number(values.seconds));
process.exitCode = isGood ? 0 : 1;
