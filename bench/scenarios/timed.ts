/** The scenarios that are a load generator against a server: how fast, how soon, at what cost. */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cpuBetween, readCpu, readMemory } from '../accounts.ts';
import { which } from '../command.ts';
import type { LoadRequest, LoadResult } from '../load/load.ts';
import { POST_BODY, verify } from '../right-answers.ts';
import type { Bench, Column, Lengths, Sample, Staged } from '../scenario.ts';
import type { Server } from '../server.ts';
import type { App } from '../system.ts';

const exec = promisify(execFile);

export interface Timed {
  readonly name: string;
  readonly title: string;
  readonly what: string;
  readonly app: App;
  readonly connections: number;
  readonly threads?: number;
  readonly seconds?: number;
  readonly timeout?: number;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly newConnections?: boolean;
  readonly among?: readonly string[];
  readonly slow?: boolean;
  readonly rounds?: number;
  /** @default true */
  readonly warmUp?: boolean;
}

const SECONDS = 2;
const QUICK_SECONDS = 1;
export const WARM_UP_SECONDS = 1;

const columns: readonly Column[] = [
  { key: 'perSecond', title: 'requests/s', better: 'higher', digits: 0, ratio: true },
  { key: 'p50', title: 'p50 ms', better: 'lower', digits: 2 },
  { key: 'p99', title: 'p99 ms', better: 'lower', digits: 2 },
  { key: 'p999', title: 'p99.9 ms', better: 'lower', digits: 2 },
  { key: 'cpu', title: 'CPU µs/request', better: 'lower', digits: 1, ratio: true },
  { key: 'errors', title: 'errors', better: 'lower', digits: 0 },
  { key: 'pss', title: 'PSS MB', better: 'lower', digits: 0 },
];

/** A scenario that can be read, so that another one can make the same load. */
export interface TimedScenario extends Staged {
  readonly timed: Timed;
}

export function timed(scenario: Timed): TimedScenario {
  const { app, title, what, name, among, rounds, slow = false, warmUp = true } = scenario;
  const seconds = ({ quick, seconds: asked }: Lengths): number =>
    asked ?? (quick ? QUICK_SECONDS : (scenario.seconds ?? SECONDS));
  return {
    name,
    title,
    what,
    columns,
    slow,
    stage: app,
    timed: scenario,
    ...(among === undefined ? {} : { among }),
    ...(rounds === undefined ? {} : { rounds }),
    async skips(system) {
      if (app === 'tls' && which('openssl') === undefined) return 'no openssl to make a certificate with';
      return system.apps.includes(app) ? undefined : 'has no such application here';
    },
    seconds: (lengths) => seconds(lengths) + (warmUp && !lengths.quick ? WARM_UP_SECONDS : 0),
    measure: (server, bench) => measure(scenario, seconds(bench), server, bench),
  };
}

async function measure(scenario: Timed, seconds: number, server: Server, bench: Bench): Promise<Sample> {
  const { app, name, warmUp = true } = scenario;
  const workers = bench.placement.serverCores;
  const { port, directory } = server.setting;
  const request = loadRequest(scenario, seconds, port, directory);
  const bytes = await verify(app, port, request.headers, 4 * workers);
  if (warmUp && !bench.quick && !server.warmedBy.has(name))
    await generate(bench, { ...request, seconds: WARM_UP_SECONDS });
  server.warmedBy.add(name);
  const memoryBefore = readMemory(server.pids);
  const cpuBefore = readCpu(server.pids);
  const { result, commandLine } = await generate(bench, request);
  const used = cpuBetween(cpuBefore, readCpu(server.pids));
  const memory = readMemory(server.pids);
  await verify(app, port, request.headers, workers);
  holdToSize(result, bytes);
  const { connect, read, write, status, timeout } = result.errors;
  const perRequest = (cpuSeconds: number): number => (cpuSeconds * 1e6) / result.requests;
  return {
    figures: {
      perSecond: result.requests / result.seconds,
      p50: result.latency['50'] ?? NaN,
      p99: result.latency['99'] ?? NaN,
      p999: result.latency['99.9'] ?? NaN,
      cpu: perRequest(used.tree),
      cpuSupervisor: perRequest(used.supervisor),
      cpuLoad: perRequest(used.bench),
      errors: connect + read + write + status + timeout,
      pss: Math.max(memoryBefore.pss, memory.pss),
      processes: memory.processes,
      /** The part of the machine's busy time that was neither the system's nor the bench's. */
      others: used.others / used.machine,
    },
    detail: { latency: result.latency, errors: result.errors, requests: result.requests, seconds: result.seconds },
    commands: [server.commandLine, commandLine],
  };
}

export function loadRequest(scenario: Timed, seconds: number, port: number, directory: string): LoadRequest {
  const { app, connections, threads = 2, timeout = 5, host = '127.0.0.1', headers, newConnections = false } = scenario;
  const bodyFile = join(directory, 'body.json');
  if (app === 'post') writeFileSync(bodyFile, POST_BODY);
  return {
    url: `${app === 'tls' ? 'https' : 'http'}://${host}:${port}`,
    connections,
    threads,
    seconds,
    timeout,
    headers: { ...headers, ...(newConnections ? { Connection: 'close' } : {}) },
    method: app === 'post' ? 'POST' : 'GET',
    ...(app === 'post' ? { bodyFile } : {}),
  };
}

export async function generate(
  bench: Bench,
  request: LoadRequest,
): Promise<{ result: LoadResult; commandLine: string }> {
  const { load, placement } = bench;
  const argv = load.command(request);
  const [file, ...args] = [...placement.loadPrefix, ...argv];
  const { stdout } = await exec(file!, args, { maxBuffer: 2 ** 26, timeout: (request.seconds + 30) * 1000 });
  return { result: load.parse(stdout), commandLine: quoted(argv) };
}

/** As one would type it. */
const quoted = (argv: readonly string[]): string =>
  argv.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`)).join(' ');

/** Answers of another size than those that were checked were not the same answers. */
function holdToSize({ bytes, requests, errors }: LoadResult, expected: number): void {
  if (requests === 0) throw new Error(`no request was answered: ${JSON.stringify(errors)}`);
  if (bytes === undefined) return;
  const mean = bytes / requests;
  // What was under way at the end was read but is no request; a closed connection may have been read in part.
  if (Math.abs(mean / expected - 1) > 0.02) {
    throw new Error(`answers of ${mean.toFixed(1)} bytes on the average; those that were checked have ${expected}`);
  }
}
