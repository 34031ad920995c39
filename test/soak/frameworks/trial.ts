/** Tries one server: do all workers serve, what do reloads, a killed worker and a stop cost? */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { startServer, type App } from 'prefork/testing';
import { get } from '../../support/http.ts';
import { processesOf, TEST_ID } from '../../support/leftovers.ts';
import { freePort } from '../../support/platform.ts';
import { requests } from './clients.ts';
import type { Framework, Start } from './framework.ts';

/** What the clients have seen. */
interface Asked {
  readonly clients: number;
  readonly answered: number;
  readonly lost: number;
}

export interface Result {
  /** Workers that have answered, of the two. */
  readonly workers: number;
  /** What was asked during three reloads. */
  readonly reloads: Asked;
  /** What was lost when a worker was killed; each of its clients may lose what it had in flight there. */
  readonly kill: Asked;
  readonly stop: string;
  /** Warnings in prefork's log, by name, and what is wrong with what the server left. */
  readonly notes: readonly string[];
}

const RELOADS = 3;
/** How often each of twenty clients asks until both workers have answered. */
const MOST_ROUNDS = 20;

/** How long a worker may take to show in the status what it has served. */
const BEAT_MS = 600;

/** @throws an Error that says which step failed, with the end of the server's output. */
export async function tryServer(framework: Framework, start: Start, home: string): Promise<Result> {
  const port = await freePort();
  const id = randomUUID();
  await using beside = await framework.beside?.();
  const directory = join(home, start.directory ?? '.');
  const app = await startServer({
    entry: start.entry,
    args: start.args?.(port) ?? [],
    cwd: directory,
    options: ['--workers', '2', '--ready-timeout', '2m', ...(start.options ?? [])],
    env: { [TEST_ID]: id, NODE_ENV: 'production', PORT: String(port), ...beside?.env, ...start.env?.(port) },
    readyTimeout: '120s',
  });
  try {
    return await tryRunning(framework, app, { port, id, home });
  } catch (error) {
    const tail = app.stderr.trimEnd().split('\n').slice(-25).join('\n');
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${tail}`, { cause: error });
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

interface Place {
  readonly port: number;
  readonly id: string;
  readonly home: string;
}

async function tryRunning(framework: Framework, app: App, { port, id, home }: Place): Promise<Result> {
  const workers = await answering(framework, app, port);
  const reloads = await during(framework, app, { port, home }, async () => {
    for (let reload = 0; reload < RELOADS; reload++) await app.reload();
  });
  await untilSettled(app);
  const wrong = await framework.after?.(home, reloads.answered);
  const kill = await during(framework, app, { port, home }, async () => {
    const ready = app.log.filter(({ name, fields }) => name === 'worker ready' && fields['slot'] === 0).length;
    app.kill(0);
    await app.event('worker ready', { fields: { slot: 0 }, nth: ready + 1 });
  });
  const { code, signal } = await app.stop();
  const left = processesOf(id).length;
  const stop = `${signal ?? `exit ${code}`}${left === 0 ? '' : `, ${left} processes left`}`;
  return { workers, reloads, kill, stop, notes: [...warnings(app), ...(wrong === undefined ? [] : [wrong])] };
}

/** Keeps the server busy meanwhile. */
async function during(
  framework: Framework,
  app: App,
  { port, home }: { readonly port: number; readonly home: string },
  action: () => Promise<void>,
): Promise<Asked> {
  const traffic = (await framework.traffic?.(app, port, home)) ?? requests(port, framework);
  try {
    await traffic.everyClientAnswered();
    await action();
    await traffic.everyClientAnswered();
  } finally {
    await traffic.stop();
  }
  const { answered, lost } = await traffic.stop();
  return { clients: traffic.clients, answered, lost };
}

/** How many of the workers answer new connections. */
async function answering(framework: Framework, app: App, port: number): Promise<number> {
  const { answering: whose, requests: asked = [{}], load } = framework;
  const seen = new Set<string>();
  const target = { host: '127.0.0.1', port };
  const path = asked[0]?.path ?? '/';
  for (let round = 0; round < MOST_ROUNDS && seen.size < 2; round++) {
    for (let one = 0; one < 20; one++) {
      if (whose !== undefined) seen.add(await whose(port));
      // Different addresses ask, as sticky-ip chooses by them.
      else if (load?.protocol !== 'http2') await get(target, { path, localAddress: `127.0.0.${one + 2}` });
    }
    if (whose !== undefined) continue;
    if (load?.protocol === 'http2') await oneLoad(framework, port);
    await delay(BEAT_MS);
    for (const { worker } of (await app.status()).slots) {
      if (worker !== null && (worker.vitals?.requestsStarted ?? 0) > 0) seen.add(String(worker.pid));
    }
  }
  return seen.size;
}

async function oneLoad(framework: Framework, port: number): Promise<void> {
  const traffic = requests(port, framework);
  await traffic.everyClientAnswered();
  await traffic.stop();
}

/** Waits until the workers of the last generation have left. */
async function untilSettled(app: App): Promise<void> {
  for (;;) {
    const { leaving, operation } = await app.status();
    if (leaving.length === 0 && operation === null) return;
    await delay(100);
  }
}

/** What prefork warned of, but for the worker that was killed. */
function warnings(app: App): string[] {
  const told = app.log.filter(({ level }) => level === 'warn' || level === 'error').map(({ name }) => name);
  return [...new Set(told)].filter((name) => name !== 'worker exited');
}

/** The version of the Node.js that runs the trial. */
export const nodeVersion: string = process.versions.node;
