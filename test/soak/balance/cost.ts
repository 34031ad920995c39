import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { App } from 'prefork/testing';
import { parseStat } from '../../../src/contract/process-stat.ts';
import { portOf, start, summary, type Mode } from './server.ts';

const MICROSECONDS_PER_MS = 1000;

interface Cost {
  readonly rate: number;
  /** The CPU time of all its processes per request in µs. */
  readonly cpu: number;
  /** The handoffs per connection. */
  readonly moved: number;
}

async function measure(app: App, connections: number, seconds: number): Promise<Cost> {
  const target = `http://127.0.0.1:${portOf(app)}/`;
  const moved = (await app.status()).balance.handoffs.done;
  const before = await cpuOf(app);
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '-H', 'Connection: close', target];
  const { stdout } = await promisify(execFile)('wrk', flags);
  const requests = Number(/(\d+) requests in/.exec(stdout)![1]);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)![1]),
    cpu: (((await cpuOf(app)) - before) * MICROSECONDS_PER_MS) / requests,
    moved: ((await app.status()).balance.handoffs.done - moved) / requests,
  };
}

/** Returns the CPU time in ms that the primary and its workers have used so far. */
async function cpuOf(app: App): Promise<number> {
  const workers = (await app.status()).slots.map(({ worker }) => worker!.pid!);
  return [app.pid, ...workers].reduce((sum, pid) => sum + cpuOfProcess(pid), 0);
}

function cpuOfProcess(pid: number): number {
  return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.cpu ?? 0;
}

/**
 * What levelling costs where there is nothing to level: a new connection for each request. Both servers are there all the time and are loaded in turns, each first in every other
 * round: what the machine does besides meets both.
 */
export async function cost(rounds: number, connections = 64): Promise<void> {
  const modes: readonly Mode[] = ['kernel', 'auto'];
  const apps = new Map<Mode, App>();
  try {
    for (const mode of modes) {
      apps.set(mode, await start({ mode, workers: 2 }));
      await measure(apps.get(mode)!, connections, 2);
    }
    const ratios: Array<{ rate: number; cpu: number; moved: number }> = [];
    for (let round = 0; round < rounds; round++) {
      const costs = new Map<Mode, Cost>();
      for (const mode of round % 2 === 0 ? modes : modes.toReversed()) {
        costs.set(mode, await measure(apps.get(mode)!, connections, 3));
        await delay(100);
      }
      const [kernel, balanced] = modes.map((mode) => costs.get(mode)!) as [Cost, Cost];
      ratios.push({ rate: balanced.rate / kernel.rate, cpu: balanced.cpu / kernel.cpu, moved: balanced.moved });
      const figures = [kernel, balanced].map(({ rate, cpu }) => `${rate.toFixed(0)}/s ${cpu.toFixed(1)} µs`);
      console.log(
        `a connection each, ${connections} at a time: ${figures.join(', ')}, moved ${percent(balanced.moved)}`,
      );
    }
    console.log(
      `ratio of throughput ${summary(
        ratios.map(({ rate }) => rate),
        3,
      )}, of CPU per request ${summary(
        ratios.map(({ cpu }) => cpu),
        3,
      )}, moved ${percent(Math.max(...ratios.map(({ moved }) => moved)))} at most`,
    );
  } finally {
    for (const app of apps.values()) await app[Symbol.asyncDispose]();
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
