import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import type { App } from 'prefork/testing';
import { fixture } from '../../support/paths.ts';
import { summary, withServer, type Mode } from './server.ts';

const run = promisify(execFile);
const WORKERS = 4;
const CONNECTIONS = 16;

/** The time of a request on a core that does nothing else. */
const COST_MS = 2;

/** A client that asks for ten times the work. */
const TENFOLD_OF = 8;
/** Connections are level by then. What came before is told too. */
const LEVEL_AFTER_MS = 1000;

/** The slowest answers, p99 in ms: of all, and of those after the first second. */
interface Slowest {
  readonly all: number;
  readonly level: number;
}

/**
 * Measures few connections that all compute, over workers that are bound to cores. The worker with most connections
 * decides the slowest answers. In every other part one client in eight asks for ten times the work.
 */
export async function compute(rounds: number): Promise<void> {
  const steps = await calibrate();
  for (const isUnequal of [false, true]) await compare(rounds, steps, isUnequal);
}

async function compare(rounds: number, steps: number, isUnequal: boolean): Promise<void> {
  const modes = ['kernel', 'least-connections', 'auto'] as const;
  const slowest = new Map<Mode, Slowest[]>(modes.map((mode) => [mode, []]));
  for (let round = 0; round < rounds; round++) {
    for (const mode of modes) slowest.get(mode)!.push(await measure(mode, steps, isUnequal));
    const figures = modes.map((mode) => {
      const { all, level } = slowest.get(mode)!.at(-1)!;
      return `${mode} ${all.toFixed(1)} and ${level.toFixed(1)} ms`;
    });
    console.log(
      `computing ${COST_MS} ms${isUnequal ? ', one in eight ten times that' : ''}, p99: ${figures.join(', ')}`,
    );
  }
  for (const part of ['all', 'level'] as const) {
    const times = modes.map((mode) =>
      slowest
        .get(mode)!
        .map((one) => one[part])
        .toSorted((a, b) => a - b),
    );
    const medians = times.map((sorted) => sorted[rounds >> 1]!);
    for (const [nth, mode] of modes.entries()) {
      const ratio = (medians[nth]! / medians[0]!).toFixed(2);
      console.log(
        `${part === 'all' ? 'all' : 'after 1 s'}: ${mode} ${summary(times[nth]!, 1)} ms, median ${ratio} of the kernel's`,
      );
    }
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
async function measure(mode: Mode, steps: number, isUnequal: boolean): Promise<Slowest> {
  const env = { STEPS: String(steps) };
  return withServer({ mode, workers: WORKERS, entry: 'computes.js', env }, async (app, port) => {
    await load(port, 1, isUnequal);
    await pin(app);
    const answers = await load(port, 10, isUnequal);
    return { all: p99(answers), level: p99(answers.filter(({ at }) => at >= LEVEL_AFTER_MS)) };
  });
}

interface Answered {
  /** When it was asked, from the beginning, ms. */
  readonly at: number;
  readonly took: number;
}

/** Has new clients ask all the time. */
async function load(port: number, seconds: number, isUnequal: boolean): Promise<Answered[]> {
  const answers: Answered[] = [];
  const begunAt = performance.now();
  const client = async (nth: number): Promise<void> => {
    const path = isUnequal && nth % TENFOLD_OF === 0 ? '/tenfold' : '/';
    const socket = connect(port, '127.0.0.1');
    try {
      for (;;) {
        const at = performance.now();
        if (at - begunAt > seconds * 1000) return;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        await once(socket, 'data');
        answers.push({ at: at - begunAt, took: performance.now() - at });
      }
    } finally {
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, nth) => client(nth)));
  return answers;
}

function p99(answers: readonly Answered[]): number {
  const sorted = answers.map(({ took }) => took).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)]!;
}

/** Binds equally many workers to each core. Otherwise the system would move them, and that would be measured. */
async function pin(app: App): Promise<void> {
  const { slots } = await app.status();
  for (const { slot, worker } of slots) {
    await run('taskset', ['-a', '-c', '-p', String(slot % availableParallelism()), String(worker!.pid)]);
  }
}
