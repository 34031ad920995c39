/** Simulates the samples of a watch: two generations of workers under the same traffic, with the same noise. */
import type { CanaryLimits, GenerationSample, Judgement, WorkerSample } from '../../src/contract/canary.ts';
import { CLIENT_PLACES, clientPlaceOf } from '../../src/contract/peer.ts';
import { Random } from './random.ts';
import { judge } from '../../src/primary/fleet/canary/judge.ts';
import { countDuration, DURATIONS } from '../../src/scoreboard/durations.ts';
import { countLatency, LATENCIES } from '../../src/scoreboard/latencies.ts';

const MB = 1_048_576;
const LOOK_MS = 1000;

/** What is wrong with the new release. */
export interface Fault {
  /** The share of its requests that fail. */
  readonly errors?: number;
  /** How many times as long its answers take, and how many times the work they are. */
  readonly slower?: number;
  /** The time from which the rest counts, ms. @default 0 */
  readonly after?: number;
  /** Bytes that each request leaks. */
  readonly leak?: number;
  /** When one of its workers crashes or hangs, ms. */
  readonly crash?: number;
  readonly hang?: number;
  /** The share of its requests that are never answered. Their clients leave. */
  readonly stuck?: number;
  /** What its application says from then on, ms. */
  readonly unwell?: number;
}

/** What happens to both generations alike. */
export interface Noise {
  /** The share of requests that fail anyway. @default 0.002 */
  readonly errors?: number;
  /** The chance that a worker stands still for 0.3 s in a second. @default 0.02 */
  readonly stalls?: number;
  /** The chance of a second in which a dependency fails a fifth of all requests. @default 0.01 */
  readonly outages?: number;
  /** The chance that a client sends a request that fails ten times over, to one worker, in a second. @default 0.01 */
  readonly retries?: number;
  /** The requests that one client, or several by turns, ask of the canary in a second and do not wait for. @default none */
  readonly leaving?: { readonly clients: number; readonly requests: number };
  /** The ms that half of the answers take. @default 10 */
  readonly median?: number;
  /** The standard deviation of the logarithm of the times of answers. @default 0.5 */
  readonly spread?: number;
}

export interface Scene {
  readonly seed: number;
  readonly workers: number;
  readonly canary: number;
  /** Requests per second, of all workers together. */
  readonly rate: number;
  /** The watch, ms. */
  readonly watch: number;
  readonly noise?: Noise;
  readonly fault?: Fault;
  /** The number of clients, which ask as often as each other. @default 1000 */
  readonly clients?: number;
}

export const limits: CanaryLimits = {
  canaryErrors: 0.5,
  canaryLatency: 30,
  canaryLoop: 50,
  canaryMemory: 50,
  canaryWarmup: 5000,
  canaryRequests: 100,
  canaryMetrics: [],
};

/** Returns a function that makes numbers from 0 to 1, the same ones for the same seed. */
function randomOf(seed: number): () => number {
  const random = new Random(seed);
  return () => random.next();
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function poisson(mean: number, random: () => number): number {
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const end = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > end; product *= random()) count++;
  return count;
}

/** A worker while it is simulated. Its totals grow. */
interface Simulated {
  readonly id: number;
  readonly isCanary: boolean;
  /** The number of its connections, beside that of the others: they are level, give or take one. */
  readonly weight: number;
  readonly durations: Float64Array;
  readonly latencies: Float64Array;
  readonly requests: number[];
  readonly abandoned: number[];
  readonly since: number;
  /** The memory in bytes, without what it leaked. */
  rss: number;
  leaked: number;
  readonly fullRss: number;
  started: number;
  finished: number;
  utilization: number;
  cpu: number;
  delay: number;
}

/** What a watch came to. */
export interface Outcome extends Judgement {
  /** The time of the verdict, ms. */
  readonly at: number;
}

/** Simulates a watch until its verdict. */
export function watch(scene: Scene, given: CanaryLimits = limits): Outcome {
  const baseline: GenerationSample[] = [];
  const canary: GenerationSample[] = [];
  const simulation = new Simulation(scene);
  for (let at = 0; ; at += LOOK_MS) {
    if (at > 0) simulation.pass(at);
    baseline.push(simulation.sample(at, false));
    canary.push(simulation.sample(at, true));
    if (at === 0) continue;
    const judgement = judge(baseline, canary, { elapsed: at, total: scene.watch }, given);
    if (judgement.verdict !== 'undecided') return { ...judgement, at };
  }
}

class Simulation {
  readonly #scene: Scene;
  readonly #random: () => number;
  readonly #workers: Simulated[];

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#random = randomOf(scene.seed);
    this.#workers = Array.from({ length: scene.workers }, (_, id) => {
      const isCanary = id < scene.canary;
      const fullRss = (80 + 6 * normal(this.#random)) * MB;
      return {
        id,
        isCanary,
        weight: 0.9 + 0.2 * this.#random(),
        durations: new Float64Array(DURATIONS),
        latencies: new Float64Array(LATENCIES),
        requests: Array.from({ length: CLIENT_PLACES }, () => 0),
        abandoned: Array.from({ length: CLIENT_PLACES }, () => 0),
        since: isCanary ? 0 : -600_000,
        rss: isCanary ? 55 * MB : fullRss,
        leaked: 0,
        fullRss,
        started: 0,
        finished: 0,
        utilization: 0,
        cpu: 0,
        delay: 0,
      };
    });
  }

  /** Lets the second before `at` pass. */
  pass(at: number): void {
    const { noise: { outages = 0.01 } = {} } = this.#scene;
    const outage = this.#random() < outages ? 0.2 : 0;
    for (const worker of this.#workers) this.#serve(worker, at, outage);
  }

  #serve(worker: Simulated, at: number, outage: number): void {
    const { noise = {}, fault = {}, rate, workers, clients = 1000 } = this.#scene;
    const { errors = 0.002, stalls = 0.02, retries = 0.01, median = 10, spread = 0.5 } = noise;
    const random = this.#random;
    const isBad = worker.isCanary && at > (fault.after ?? 0);
    const count = poisson((rate / workers) * worker.weight, random);
    const stalled = random() < stalls;
    const failing = errors + outage + (isBad ? (fault.errors ?? 0) : 0);
    const slower = isBad ? (fault.slower ?? 1) : 1;
    // Code that has just been loaded is slow at first.
    const cold = worker.isCanary ? 1 + 2 * Math.exp(-at / 1000) : 1;
    for (let index = 0; index < count; index++) {
      worker.started++;
      worker.finished++;
      // Clients do not take turns in the order of the workers.
      const client = Math.imul(worker.started, 0x9e3779b1) >>> 0;
      const place = clientPlaceOf(`10.0.0.${client % clients}`);
      worker.requests[place]!++;
      if (isBad && random() < (fault.stuck ?? 0)) {
        worker.abandoned[place]!++;
        continue;
      }
      let ms = median * Math.exp(spread * normal(random)) * slower * cold;
      if (stalled && random() < 0.3) ms += 300 * random();
      this.#answer(worker, random() < failing ? 500 : 200, ms);
    }
    if (random() < retries / workers) for (let index = 0; index < 10; index++) this.#answer(worker, 500, median);
    if (worker.isCanary && noise.leaving !== undefined) leave(worker, noise.leaving);
    worker.utilization = Math.min(1, (count * 0.002 + 0.02) * slower * (0.9 + 0.2 * random()));
    worker.cpu += worker.utilization * 1000;
    worker.delay = stalled ? 300 * random() : 2 * random();
    if (isBad) worker.leaked += count * (fault.leak ?? 0);
    if (worker.isCanary) worker.rss += (worker.fullRss - worker.rss) * 0.3;
    worker.rss += normal(random) * MB;
  }

  #answer({ durations, latencies }: Simulated, status: number, ms: number): void {
    countDuration(durations, status, ms);
    countLatency(latencies, ms);
  }

  sample(at: number, isCanary: boolean): GenerationSample {
    const { fault = {} } = this.#scene;
    const happened = (when: number | undefined): number => (isCanary && when !== undefined && at >= when ? 1 : 0);
    const workers = this.#workers.filter((worker) => worker.isCanary === isCanary);
    return {
      at,
      generation: isCanary ? 2 : 1,
      workers: workers.map((worker) => sampleOf(worker, at, fault)),
      crashes: happened(fault.crash),
      // The primary sees a hang after a second.
      hangs: happened(fault.hang === undefined ? undefined : fault.hang + 1000),
    };
  }
}

/** They give up what they ask for, and have not been seen before. */
function leave(worker: Simulated, { clients, requests }: NonNullable<Noise['leaving']>): void {
  worker.started += requests;
  worker.finished += requests;
  for (let index = 0; index < requests; index++) {
    const place = clientPlaceOf(`192.0.2.${index % clients}`);
    worker.requests[place]!++;
    worker.abandoned[place]!++;
  }
}

function sampleOf(worker: Simulated, at: number, { unwell }: Fault): WorkerSample {
  const isUnwell = worker.isCanary && unwell !== undefined && at >= unwell;
  return {
    worker: worker.id + 1,
    pid: 1000 + worker.id,
    slot: worker.id,
    age: at - worker.since,
    durations: worker.durations.slice(),
    latencies: worker.latencies.slice(),
    requestsStarted: worker.started,
    requestsFinished: worker.finished,
    connectionsOpen: 8,
    utilization: worker.utilization,
    cpu: worker.cpu,
    delay: worker.delay,
    delayP99: 5,
    rss: worker.rss + worker.leaked,
    peak: worker.rss + worker.leaked,
    heapUsed: (worker.rss + worker.leaked) / 2,
    clients: { requests: [...worker.requests], abandoned: [...worker.abandoned] },
    ...(unwell === undefined ? {} : { health: { ok: !isUnwell, reason: isUnwell ? 'no queue' : '' } }),
  };
}
