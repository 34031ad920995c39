import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { App } from 'prefork/testing';
import { summary, withServer, type Mode } from './server.ts';

const run = promisify(execFile);
const WORKERS = 4;
const CONNECTIONS = 16;
const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** Few connections that all compute, over workers that are bound to cores: the worker with most decides the slowest answers. */
export async function compute(rounds: number): Promise<void> {
  const modes = ['kernel', 'least-connections'] as const;
  const slowest = new Map<Mode, number[]>(modes.map((mode) => [mode, []]));
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) slowest.get(mode)!.push(await measure(mode));
    console.log(
      `computing 2 ms, p99: ${modes.map((mode) => `${mode} ${slowest.get(mode)!.at(-1)!.toFixed(1)} ms`).join(', ')}`,
    );
  }
  const [kernel, balanced] = modes.map((mode) => slowest.get(mode)!.toSorted((a, b) => a - b)) as [number[], number[]];
  const middle = rounds >> 1;
  console.log(
    `kernel ${summary(kernel, 1)}, least-connections ${summary(balanced, 1)} ms; median ${(balanced[middle]! / kernel[middle]!).toFixed(2)} of its median, ${(balanced[middle]! / kernel[0]!).toFixed(2)} of its best`,
  );
}

async function measure(mode: Mode): Promise<number> {
  return withServer({ mode, workers: WORKERS, entry: 'computes.js' }, async (app, port) => {
    await pin(app);
    const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, '-d4s', '--latency', `http://127.0.0.1:${port}/`]);
    const [, figure, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout)!;
    return Number(figure) * UNITS[unit!]!;
  });
}

/** As many workers to each core: else the system moves them, and what is measured is that. */
async function pin(app: App): Promise<void> {
  const { slots } = await app.status();
  for (const { slot, worker } of slots) {
    await run('taskset', ['-a', '-c', '-p', String(slot % availableParallelism()), String(worker!.pid)]);
  }
}
