/** Deploys releases with a canary, good ones and bad ones, to a server that clients keep busy. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serve, startApp, type App } from '../../support/app.ts';
import { Random } from '../../support/random.ts';
import { Clients } from './clients.ts';

/** What may be wrong with a release: see test/fixtures/apps/release.js. */
const FAULTS = {
  '5xx 1 %': { errors: 0.01 },
  '5xx 2 %': { errors: 0.02 },
  '5xx 5 %': { errors: 0.05 },
  '5xx 20 %': { errors: 0.2 },
  'latency x 2': { slower: 2 },
  'latency x 5': { slower: 5 },
  leak: { leak: 60_000 },
  crash: { crash: 10_000 },
  hang: { hang: 4000 },
  'no boot': { boots: false },
} as const;

type Kind = keyof typeof FAULTS;

const kinds = Object.keys(FAULTS) as Kind[];

/** Requests that clients send before the deploy, so that the baseline has warmed up, ms. */
const BEFORE_MS = 4000;
const AFTER_MS = 4000;

export interface Run {
  readonly seed: number;
  readonly isGood: boolean;
  /** The watch, s. */
  readonly watch: number;
  /** Requests a second in place of those that belong to the seed. */
  readonly rate?: number | undefined;
  /** Options of the command besides. */
  readonly options: readonly string[];
  /** The node that runs the server. @default the one that runs this */
  readonly node?: string | undefined;
  /** What is wrong with the release, in place of what belongs to the seed. */
  readonly fault?: Kind | undefined;
}

interface Scene {
  readonly kind: Kind | 'good';
  readonly workers: number;
  readonly canary: number;
  readonly rate: number;
}

function sceneOf({ seed, isGood, rate, fault }: Run): Scene {
  const random = new Random(seed);
  const kind = isGood ? 'good' : (fault ?? kinds[(seed - 1) % kinds.length]!);
  const [workers, canary] = random.pick([
    [2, 1],
    [2, 1],
    [4, 1],
    [4, 2],
  ] as const);
  // A small share of failures needs many requests to be seen within a short watch: docs/canary.md.
  const rates =
    kind === '5xx 1 %' ? [1000, 1500] : kind === '5xx 2 %' || kind === 'leak' ? [600, 1000] : [200, 400, 800, 1500];
  return { kind, workers, canary, rate: rate ?? random.pick(rates) };
}

/** What a deploy came to. */
export interface Result extends Scene {
  readonly seed: number;
  readonly isCaught: boolean;
  /** From the command to its end, s. */
  readonly took: number;
  readonly answered: number;
  /** The share of all requests that the canary was given, and the share that failed or was lost because of it. */
  readonly canaryShare: number;
  readonly lostShare: number;
  readonly failed: number;
  readonly lost: number;
  readonly closed: number;
  /** Clients whose connection is where it was before, of all. */
  readonly back: number;
  readonly clients: number;
  readonly said: string;
}

export async function deploy(run: Run): Promise<Result> {
  const scene = sceneOf(run);
  const { workers, canary, rate, kind } = scene;
  const options = ['--workers', String(workers), '--ready-timeout', '20s', '--heartbeat-timeout', '5s', ...run.options];
  const server = await serve({
    entry: 'release.js',
    options,
    ...(run.node === undefined ? {} : { node: run.node }),
    files: { 'release.json': '{}' },
    env: { RELEASE: 'release.json' },
  });
  await using _ = server;
  const connections = Math.max(16, Math.ceil(rate / 12));
  const clients = new Clients(server.target, connections, rate);
  await delay(BEFORE_MS);
  const release = kind === 'good' ? {} : FAULTS[kind];
  writeFileSync(join(server.directory, 'release.json'), JSON.stringify(release));
  const before = clients.answered;
  const startedAt = performance.now();
  const { code, text } = await reload(server, canary, run.watch);
  const took = (performance.now() - startedAt) / 1000;
  const answered = clients.answered - before;
  await delay(AFTER_MS);
  const expected = code === 0 ? 2 : 1;
  const back = clients.at(expected);
  await clients.close();
  const bad = clients.seen.get(2) ?? { answered: 0, failed: 0 };
  return {
    seed: run.seed,
    ...scene,
    isCaught: code !== 0,
    took,
    answered,
    canaryShare: bad.answered / Math.max(1, answered),
    lostShare: (bad.failed + clients.lost) / Math.max(1, answered),
    failed: bad.failed,
    lost: clients.lost,
    closed: clients.closed,
    back,
    clients: connections,
    said: text,
  };
}

async function reload(server: App, canary: number, watch: number): Promise<{ code: number | null; text: string }> {
  await using command = await startApp({
    options: ['reload', '--canary', String(canary), '--watch', `${watch}s`],
    env: { PREFORK_RUNTIME_DIR: server.directory },
  });
  const { code } = await command.exit((watch + 60) * 1000);
  return { code, text: `${command.stdout}${command.stderr}` };
}
