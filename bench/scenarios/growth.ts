/** How costs grow: with workers, with connections, with listeners. */

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuBetween, readCpu, readFineCpu, readMemory } from '../accounts.ts';
import { type Axis, axes, keyOf } from '../growth/figures.ts';
import { Held, most } from '../growth/held.ts';
import { settled } from '../open.ts';
import { paths } from '../paths.ts';
import { childrenOf } from '../processes.ts';
import { answersRightly } from '../right-answers.ts';
import type { Alone, Bench, Figures, Sample } from '../scenario.ts';
import { newSetting, Server } from '../server.ts';
import type { System } from '../system.ts';
import { until } from '../wait.ts';
import { generate } from './timed.ts';

const IDLE_MS = 1500;
const ALL_UP_MS = 180_000;
/** Connections that ask all the time, for the cost of a request. */
const ASKING = 64;
const WORKERS = 2;
/** Of a server with many connections: a process may have no more descriptors than its limit says. */
const CONNECTED_WORKERS = 4;

const last = (axis: Axis): number => axis.sizes.findLast((size) => size <= axis.mostPerCore * availableParallelism())!;

export const growth: Alone = {
  name: 'growth',
  title: 'How costs grow',
  what: `A hello server with more and more workers, with more and more silent connections (${CONNECTED_WORKERS} workers), and with more and more addresses at which it listens (${WORKERS} workers). Ready is the first right answer, which may come from the first of many workers. A reload waits for its end, without clients. Idle is CPU time without a request. The cost of a request is that of ${ASKING} connections that ask all the time, for a second.`,
  columns: axes.flatMap((axis) =>
    axis.figures.map(({ key, title, digits }) => ({
      key: keyOf(axis.name, last(axis), key),
      title: `${title}, ${last(axis)} ${axis.title}`,
      better: 'lower' as const,
      digits,
    })),
  ),
  among: ['prefork', 'cluster'],
  apart: true,
  rounds: 1,
  skips: async (system) => (system.name === 'plain' ? 'has one worker' : undefined),
  seconds: ({ quick }) => (quick ? 20 : 400),
  async measure(system, bench): Promise<Sample> {
    const figures: Record<string, number> = {};
    const commands: string[] = [];
    for (const axis of axes) {
      for (const size of bench.quick ? axis.quickSizes : axis.sizes) {
        if (size > axis.mostPerCore * availableParallelism()) continue;
        if (axis.name === 'connections' && size > most(CONNECTED_WORKERS)) continue;
        const { found, command } = await measured[axis.name]!(system, bench, size);
        for (const [key, value] of Object.entries(found)) figures[keyOf(axis.name, size, key)] = value;
        if (size === 1) commands.push(command);
      }
    }
    return { figures, commands };
  },
};

type Measure = (system: System, bench: Bench, size: number) => Promise<{ found: Figures; command: string }>;

const measured: Readonly<Record<string, Measure>> = {
  async workers(system, bench, workers) {
    await using server = await started(system, bench, workers, 1);
    const ready = performance.now() - server.startedAt;
    await allUp(server, workers);
    const { supervisorRss, pss } = readMemory(server.pids);
    const found = {
      ready,
      memory: pss,
      primary: supervisorRss,
      idle: (await idleCpu(server)).supervisor,
      reload: await timeOfReload(system, server),
      request: await costOfRequest(server, bench, {}),
      connection: await costOfRequest(server, bench, { Connection: 'close' }),
    };
    return { found, command: server.commandLine };
  },

  async connections(system, bench, count) {
    await using server = await started(system, bench, CONNECTED_WORKERS, 1);
    await settled(server);
    const before = readCpu(server.pids);
    await using held = await Held.open(bench.workplace.node, server.setting.port, count);
    const { tree } = cpuBetween(before, readCpu(server.pids));
    await settled(server);
    const found = {
      opening: (tree * 1e6) / count,
      memory: readMemory(server.pids).pss,
      tree: (await idleCpu(server)).tree,
      request: await costOfRequest(server, bench, {}),
    };
    if (held.closed > 0) throw new Error(`${held.closed} of ${count} connections were closed`);
    return { found, command: server.commandLine };
  },

  async listeners(system, bench, listeners) {
    await using server = await started(system, bench, WORKERS, listeners);
    const ready = performance.now() - server.startedAt;
    await settled(server);
    const found = {
      ready,
      memory: readMemory(server.pids).pss,
      idle: (await idleCpu(server)).supervisor,
      reload: await timeOfReload(system, server),
      request: await costOfRequest(server, bench, {}),
    };
    return { found, command: server.commandLine };
  },
};

async function started(system: System, bench: Bench, workers: number, listeners: number): Promise<Server> {
  const setting = await newSetting(bench, 'hello', workers);
  const environment = { ...setting.environment, LISTENERS: String(listeners) };
  const server = await Server.start(system, { ...setting, environment, entry: paths.app('growth') }, bench);
  await server.ready(() => answersRightly('hello', setting.port), 2);
  return server;
}

/** The first answer may come from the first of many workers: until all are there, and have nothing to do. */
async function allUp(server: Server, workers: number): Promise<void> {
  await until(() => childrenOf(server.supervisor).length >= workers, ALL_UP_MS, 'all of its workers');
  await settled(server);
}

async function timeOfReload(system: System, server: Server): Promise<number> {
  const start = performance.now();
  await system.reload!(server);
  const time = performance.now() - start;
  await settled(server);
  return time;
}

/** CPU time of a server to which nobody speaks, ms a second. */
async function idleCpu(server: Server): Promise<{ supervisor: number; tree: number }> {
  const before = readFineCpu(server.pids);
  await sleep(IDLE_MS);
  const after = readFineCpu(server.pids);
  const of = (pid: number): number => (((after.get(pid) ?? NaN) - (before.get(pid) ?? NaN)) * 1000) / IDLE_MS;
  const all = [...after.keys()].map(of).filter(Number.isFinite);
  return { supervisor: of(server.supervisor), tree: all.reduce((sum, one) => sum + one, 0) };
}

/** CPU time of all processes for a request, µs. The first run warms up what the second one measures. */
async function costOfRequest(server: Server, bench: Bench, headers: Record<string, string>): Promise<number> {
  const url = `http://127.0.0.1:${server.setting.port}`;
  const request = { url, connections: ASKING, threads: 2, seconds: 1, timeout: 5, headers, method: 'GET' as const };
  await generate(bench, request);
  const before = readCpu(server.pids);
  const { result } = await generate(bench, request);
  return (cpuBetween(before, readCpu(server.pids)).tree * 1e6) / result.requests;
}
