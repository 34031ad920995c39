/**
 * What the boots of many workers cost on few cores, in turns:
 *
 *     node bench/boots/main.ts [--workers 8] [--modules 2000] [--waits 0] [--rounds 3] [--scale]
 *
 * For each way to boot it prints, as median (smallest to largest) of the rounds: when the first request was answered, when
 * all workers had booted, the CPU time of all processes, and the memory of a worker. With `--scale`, one worker serves a
 * client that asks all the time while the others are added, and what is printed of it are the response times meanwhile.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { get } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { readCpu, readMemory } from '../accounts.ts';
import { paths } from '../paths.ts';
import { generate } from './generate.ts';

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '8' },
    modules: { type: 'string', default: '2000' },
    waits: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
  },
});
const workers = Number(values.workers);
const cores = String(availableParallelism());

interface Way {
  readonly name: string;
  readonly flags: readonly string[];
  readonly cache?: 'cold' | 'warm';
  /** The variable of Node itself, without the option: all workers write at once. */
  readonly isByVariable?: boolean;
}

const all: readonly Way[] = [
  { name: 'all at once', flags: ['--max-boots', values.workers] },
  { name: 'one after another', flags: ['--max-boots', '1'] },
  { name: 'as many as cores', flags: ['--max-boots', cores] },
  { name: 'as many as cores, cold cache', flags: ['--max-boots', cores], cache: 'cold' },
  { name: 'as many as cores, warm cache', flags: ['--max-boots', cores], cache: 'warm' },
  {
    name: 'all at once, NODE_COMPILE_CACHE, cold',
    flags: ['--max-boots', values.workers],
    cache: 'cold',
    isByVariable: true,
  },
];
const ways = all.filter(({ name, cache }) =>
  values.only === undefined ? !(values.scale && cache === 'cold') : values.only.includes(name),
);

interface Measured {
  /** ms since the start. */
  readonly first: number;
  readonly booted: number;
  /** s. */
  readonly cpu: number;
  /** MB a worker. */
  readonly memory: number;
  /** The client's response times while workers were added, ms. */
  readonly latencies: readonly number[];
}

const directory = mkdtempSync(join(tmpdir(), 'prefork-boots-'));
const entry = generate(directory, { modules: Number(values.modules), waits: Number(values.waits) });
const caches = join(directory, 'cache');
let running: ChildProcess | undefined;
process.once('exit', () => {
  running?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** @returns the response time, ms; undefined when nobody answered. */
function ask(port: number): Promise<number | undefined> {
  const start = performance.now();
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().once('end', () => resolve(performance.now() - start));
    }).once('error', () => resolve(undefined));
  });
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function measure({ flags, cache, isByVariable = false }: Way): Promise<Measured> {
  if (cache === 'cold') rmSync(caches, { recursive: true, force: true });
  const port = await freePort();
  const byOption = cache !== undefined && !isByVariable;
  const count = values.scale ? '1' : values.workers;
  const args = [
    paths.prefork,
    ...[
      '--name',
      'boots',
      '--workers',
      count,
      '--settle',
      '0',
      '--ready-timeout',
      '5m',
      '--log-level',
      'info',
      ...flags,
    ],
    ...(byOption ? ['--compile-cache', caches] : []),
    entry,
  ];
  const start = performance.now();
  const server = spawn(process.execPath, args, {
    cwd: directory,
    env: {
      ...process.env,
      PORT: String(port),
      PREFORK_RUNTIME_DIR: directory,
      ...(isByVariable ? { NODE_COMPILE_CACHE: caches } : {}),
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  running = server;
  const lines = createInterface({ input: server.stderr });
  const ready = new Promise<number>((resolve, reject) => {
    const last = values.scale ? /^prefork: scaled / : /^prefork: ready /;
    lines.on('line', (line) => {
      if (last.test(line)) resolve(performance.now());
      if (/error|failed/.test(line)) reject(new Error(line));
    });
  });
  let answered = await ask(port);
  while (answered === undefined) {
    await after(10);
    answered = await ask(port);
  }
  const first = performance.now();
  const latencies: number[] = [];
  let cpuBefore = 0;
  let begun = start;
  if (values.scale) {
    await after(1000);
    for (let i = 0; i < 300; i++) await ask(port);
    cpuBefore = readCpu([server.pid!]).tree;
    begun = performance.now();
    const command = spawn(process.execPath, [paths.prefork, 'scale', values.workers, '--name', 'boots'], {
      cwd: directory,
      env: { ...process.env, PREFORK_RUNTIME_DIR: directory },
      stdio: 'ignore',
    });
    const isOver = ready.then(() => true);
    for (;;) {
      latencies.push((await ask(port)) ?? NaN);
      if (await Promise.race([isOver, after(5).then(() => false)])) break;
    }
    if (command.exitCode === null) await once(command, 'exit');
  }
  const booted = await ready;
  const cpu = readCpu([server.pid!]).tree - cpuBefore;
  await after(300);
  const memory = readMemory([server.pid!]);
  server.kill('SIGTERM');
  await once(server, 'exit');
  running = undefined;
  lines.close();
  return { first: first - start, booted: booted - begun, cpu, memory: memory.pss / workers, latencies };
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);
const quantile = (numbers: readonly number[], part: number): number =>
  sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))]!;

function shown(numbers: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return `${quantile(numbers, 0.5).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

const found = new Map<Way, Measured[]>(ways.map((way) => [way, []]));
if (ways.some(({ cache }) => cache === 'warm')) await measure({ ...all[3]!, flags: ['--max-boots', cores] });
for (let round = 0; round < Number(values.rounds); round++) {
  for (const way of ways) {
    // A cache that was just measured cold is warm for the next way.
    if (way.cache === 'warm' && !existsSync(caches)) await measure(all[3]!);
    const measured = await measure(way);
    found.get(way)!.push(measured);
    const seconds = (ms: number): string => (ms / 1000).toFixed(2);
    process.stderr.write(
      `round ${round + 1}, ${way.name}: first ${seconds(measured.first)} s, all ${seconds(measured.booted)} s, CPU ${measured.cpu.toFixed(1)} s\n`,
    );
  }
}
console.log(
  `${values.modules} modules, ${values.workers} workers, ${cores} cores, the start waits ${values.waits} ms; Node ${process.version}; ${values.rounds} rounds in turns`,
);
for (const [{ name }, rounds] of found) {
  const latencies = rounds.flatMap((round) => round.latencies);
  const cells = [
    ...(values.scale
      ? []
      : [
          `first answer ${shown(
            rounds.map(({ first }) => first / 1000),
            2,
          )} s`,
        ]),
    `all booted ${shown(
      rounds.map(({ booted }) => booted / 1000),
      2,
    )} s`,
    `CPU ${shown(
      rounds.map(({ cpu }) => cpu),
      1,
    )} s`,
    `${shown(
      rounds.map(({ memory }) => memory),
      0,
    )} MB a worker`,
    ...(values.scale
      ? [`p50 ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(0)} ms`]
      : []),
  ];
  console.log(`  ${name.padEnd(40)} ${cells.join('; ')}`);
}
process.exit(0);
