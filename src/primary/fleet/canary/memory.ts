import type { CanaryLimits, GenerationSample } from '../../../contract/canary.ts';
import type { Evidence } from './evidence.ts';
import type { Finding, Rule } from './rule.ts';
import { meanOf } from './statistics.ts';
import { formatBytes } from './words.ts';

const MB = 1_048_576;

/** The two sides of the row are not of one kind: see `level`. */
const LEVEL = 'memory (old: peak)';

/** A small process doubles in memory easily, so a worker has to have this much more beside the percentage. */
const LEAST_MORE_BYTES = 48 * MB;

/** Memory has to be above the limit at so many samples in a row: a garbage collection may come any moment. */
const SAMPLES_IN_A_ROW = 3;

/** Growth is only looked at over at least this time, ms: the heap of a worker that warms up grows too. */
const LEAST_GROWTH_MS = 20_000;

/** What has grown by less over the watch is no leak yet. */
const LEAST_GROWTH_BYTES = 24 * MB;
const LEAST_GROWTH_SHARE = 0.15;

/** A heap that fills up to its size grows slower and slower. A leak does not: the second half brings at least this share of the first. */
const STEADY = 0.6;

/** What memory workers have, and how it grows. */
export const memory: Rule = (evidence, limits) => [level(evidence, limits), growth(evidence, limits)];

/**
 * The old workers have had the time to grow as large as they get, so a new worker that is larger than all of them were needs more memory.
 * What they have now is less where they are idle: their heaps shrink, and the kernel takes pages back that are not used. A worker that
 * has just booted has all of its own.
 */
function level({ samples }: Evidence, { canaryMemory, canaryWarmup }: CanaryLimits): Finding {
  const recent = samples.canary.map((canary, index) => {
    const warm = canary.workers.filter(({ age, rss }) => age >= canaryWarmup && rss > 0).map(({ rss }) => rss);
    const baseline = Math.max(0, ...samples.baseline[index]!.workers.map(({ rss, peak }) => Math.max(rss, peak)));
    return {
      canary: meanOf(warm),
      baseline,
      limit: Math.max(baseline * (1 + canaryMemory / 100), baseline + LEAST_MORE_BYTES),
    };
  });
  const last = recent.at(-1);
  if (last === undefined || last.baseline === 0 || last.canary === 0) {
    return {
      row: { figure: LEVEL, unit: 'bytes', baseline: null, canary: null, limit: null, verdict: 'too little' },
    };
  }
  const row = { figure: LEVEL, unit: 'bytes', ...last } as const;
  const tail = recent.slice(-SAMPLES_IN_A_ROW);
  const isWorse =
    tail.length === SAMPLES_IN_A_ROW && tail.every(({ canary, baseline, limit }) => baseline > 0 && canary > limit);
  if (!isWorse) return { row: { ...row, verdict: 'ok' } };
  const worse = `its workers have ${formatBytes(last.canary)} of memory, the largest of the baseline had ${formatBytes(last.baseline)}`;
  return { row: { ...row, verdict: 'worse' }, worse };
}

/** A leak that is small beside the memory of a worker shows in that the growth goes on. */
function growth({ samples }: Evidence, { canaryWarmup }: CanaryLimits): Finding {
  const row = { figure: 'memory growth', unit: 'bytes/s', baseline: null, canary: null, limit: null } as const;
  const from = samples.canary.findIndex(
    ({ workers }) => workers.length > 0 && workers.every(({ age }) => age >= canaryWarmup),
  );
  const first = samples.canary[from];
  const last = samples.canary.at(-1);
  if (from === -1 || first === undefined || last === undefined || last.at - first.at < LEAST_GROWTH_MS) {
    return { row: { ...row, verdict: 'too little' } };
  }
  const seconds = (last.at - first.at) / 1000;
  const canary = curveOf(samples.canary.slice(from));
  const baseline = curveOf(samples.baseline.slice(from));
  const known = {
    ...row,
    baseline: (baseline.first + baseline.second) / seconds,
    canary: (canary.first + canary.second) / seconds,
  };
  const grown = canary.first + canary.second;
  const least = Math.max(LEAST_GROWTH_BYTES, canary.level * LEAST_GROWTH_SHARE, 2 * (baseline.first + baseline.second));
  const withLimit = { ...known, limit: least / seconds };
  if (grown < least || canary.second < STEADY * canary.first) return { row: { ...withLimit, verdict: 'ok' } };
  const worse = `its workers have grown by ${formatBytes(grown)} each in ${Math.round(seconds)} s, and go on growing`;
  return { row: { ...withLimit, verdict: 'worse' }, worse };
}

/** How much workers grew in the first and in the second half, bytes, from median to median, which a garbage collection does not move. */
function curveOf(samples: readonly GenerationSample[]): { level: number; first: number; second: number } {
  const size = Math.max(1, Math.floor(samples.length / 5));
  const middle = Math.floor((samples.length - size) / 2);
  const start = levelOf(samples.slice(0, size));
  const half = levelOf(samples.slice(middle, middle + size));
  const end = levelOf(samples.slice(-size));
  return { level: start, first: half - start, second: end - half };
}

function levelOf(samples: readonly GenerationSample[]): number {
  const levels = samples.map(({ workers }) => meanOf(workers.map(({ rss }) => rss))).toSorted((a, b) => a - b);
  return levels[Math.floor(levels.length / 2)] ?? 0;
}
