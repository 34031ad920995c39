/**
 * Keeps a server busy in every protocol while an event happens to it many times, and fails when a single request is
 * lost. It takes minutes, so npm test leaves it out.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { formatLosses, formatReport, isEcho, startLoad, startServer, type App, type Load } from 'prefork/testing';
import { certificate, fixture } from '../support/paths.ts';
import { readOptions, type SoakOptions } from './options.ts';
import { scenarios, WORKERS, type Scenario } from './scenarios.ts';
import { printHead, printRow, type Row } from './table.ts';

const requests = [{ check: isEcho }, { method: 'POST', body: 16_384, check: isEcho }];

/** The index of the server's address for each protocol. */
const protocols = {
  http: { address: 0, protocol: 'http1', tls: false },
  https: { address: 1, protocol: 'http1', tls: true },
  h2: { address: 1, protocol: 'http2', tls: true },
  h2c: { address: 2, protocol: 'http2', tls: false },
  unix: { address: 3, protocol: 'http1', tls: false },
} as const;
/** The number of addresses of echo-everywhere.mjs. */
const ADDRESSES = 4;

type Protocol = keyof typeof protocols;

/** Runs a scenario on a new server with a copy of the application, which may be broken. */
async function soak(name: string, spoken: readonly Protocol[], options: SoakOptions): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'prefork-soak-'));
  const entry = join(directory, 'server.mjs');
  copyFileSync(fixture('echo-everywhere.mjs'), entry);
  const scenario = scenarios[name]!;
  const flags = ['--workers', String(WORKERS), '--sharing', options.sharing, ...scenario.options];
  const env = { ...certificate, SOCKET: join(directory, 'server.sock'), ...scenario.env?.(directory) };
  const app = await startServer({ entry, options: flags, env });
  try {
    // The server is ready when it listens on its first address, and listens on the others a moment later.
    await app.event('listening', { nth: ADDRESSES });
    const loads = new Map(spoken.map((one) => [one, start(app, one, options.clients / spoken.length)]));
    return await reportOf(name, app, loads, run(app, scenario, [...loads.values()], entry, options));
  } finally {
    await app[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  }
}

/** Reports losses even when something else failed, because the one often explains the other. */
async function reportOf(
  scenario: string,
  app: App,
  loads: ReadonlyMap<Protocol, Load>,
  over: Promise<number>,
): Promise<Row[]> {
  const [result] = await Promise.allSettled([over]);
  const reports = await Promise.all([...loads].map(async ([one, load]) => [one, await load.stop()] as const));
  for (const [protocol, report] of reports) {
    if (report.lost === 0) continue;
    console.log(`${scenario}, ${protocol}: ${formatReport(report)}\n${formatLosses(report, app.output)}`);
  }
  if (result.status === 'rejected') throw result.reason;
  return reports.map(([protocol, report]) => ({ scenario, protocol, events: result.value, report }));
}

function start(app: App, name: Protocol, clients: number): Load {
  const { address, protocol, tls } = protocols[name];
  return startLoad(app.targets[address]!, { clients: Math.max(2, Math.round(clients)), protocol, tls, requests });
}

/**
 * Spaces the events: a share of the requests comes between two of them, so that none happens to an idle server.
 *
 * @returns how often it happened.
 */
async function run(
  app: App,
  { happen, after }: Scenario,
  loads: readonly Load[],
  entry: string,
  { count, minRequests }: SoakOptions,
): Promise<number> {
  const share = minRequests / loads.length / count;
  await Promise.all(loads.map((load) => load.everyClientAnswered()));
  for (let nth = 1; nth <= count; nth++) {
    await happen(app, nth, entry);
    await Promise.all(loads.map((load) => load.answers(Math.ceil(share * nth))));
  }
  await after?.(app, entry);
  await Promise.all(loads.map((load) => load.everyClientAnswered()));
  return count;
}

/**
 * Runs all scenarios.
 *
 * @returns whether nothing was lost.
 */
async function main(options: SoakOptions): Promise<boolean> {
  const all = Object.keys(protocols) as Protocol[];
  let lost = 0;
  printHead();
  for (const name of options.names) {
    for (const spoken of options.inTurns ? all.map((one) => [one]) : [all]) {
      for (const row of await soak(name, spoken, options)) {
        lost += row.report.lost;
        printRow(row);
      }
    }
  }
  return lost === 0;
}

try {
  process.exitCode = (await main(readOptions(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
