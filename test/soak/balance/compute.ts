import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { App } from 'prefork/testing';
import { fixture } from '../../support/paths.ts';
import { summary, withServer, type Mode } from './server.ts';

const run = promisify(execFile);
const WORKERS = 4;
const CONNECTIONS = 16;
const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** The time of a request on a core that does nothing else. */
const COST_MS = 2;

/**
 * Measures few connections that all compute, over workers that are bound to cores. The worker with most connections
 * decides the slowest answers.
 */
export async function compute(rounds: number): Promise<void> {
  const modes = ['kernel', 'least-connections', 'auto'] as const;
  const slowest = new Map<Mode, number[]>(modes.map((mode) => [mode, []]));
  const steps = await calibrate();
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) slowest.get(mode)!.push(await measure(mode, steps));
    console.log(
      `computing ${COST_MS} ms, p99: ${modes.map((mode) => `${mode} ${slowest.get(mode)!.at(-1)!.toFixed(1)} ms`).join(', ')}`,
    );
  }
  const [kernel, ...others] = modes.map((mode) => slowest.get(mode)!.toSorted((a, b) => a - b)) as [number[]];
  const middle = rounds >> 1;
  console.log(`kernel ${summary(kernel, 1)} ms`);
  for (const [nth, times] of (others as number[][]).entries()) {
    console.log(
      `${modes[nth + 1]} ${summary(times, 1)} ms: median ${(times[middle]! / kernel[middle]!).toFixed(2)} of the kernel's, ${(times[middle]! / kernel[0]!).toFixed(2)} of its best`,
    );
  }
}

/**
 * Returns how many steps take that long. The result is the median of several runs, because other programs use the
 * machine.
 */
async function calibrate(): Promise<number> {
  const { compute: work } = (await import(fixture('compute.js'))) as { compute(steps: number): number };
  const trial = 1_000_000;
  const times = Array.from({ length: 200 }, () => {
    const start = performance.now();
    work(trial);
    return performance.now() - start;
  });
  const median = times.slice(100).toSorted((a, b) => a - b)[50]!;
  return Math.round((trial * COST_MS) / median);
}

/** Measures after a first second, which makes the code hot and does not count. */
async function measure(mode: Mode, steps: number): Promise<number> {
  const env = { STEPS: String(steps) };
  return withServer({ mode, workers: WORKERS, entry: 'computes.js', env }, async (app, port) => {
    await load(port, 1);
    await pin(app);
    const output = await load(port, 10);
    const [, figure, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(output)!;
    return Number(figure) * UNITS[unit!]!;
  });
}

async function load(port: number, seconds: number): Promise<string> {
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    '--latency',
    `http://127.0.0.1:${port}/`,
  ]);
  return stdout;
}

/** Binds equally many workers to each core. Otherwise the system would move them, and that would be measured. */
async function pin(app: App): Promise<void> {
  const { slots } = await app.status();
  for (const { slot, worker } of slots) {
    await run('taskset', ['-a', '-c', '-p', String(slot % availableParallelism()), String(worker!.pid)]);
  }
}
