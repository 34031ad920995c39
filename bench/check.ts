/** `--check`: the ratios of this run beside the committed ones. */

import { existsSync } from 'node:fs';
import { paths } from './paths.ts';
import { scenarios } from './scenarios/index.ts';
import { errorOfMedian, median } from './statistics.ts';
import { readResults } from './results.ts';
import { type Summary, summarise } from './summary.ts';
import { OURS } from './systems/index.ts';

/** The scenarios whose ratios are prefork's own doing. */
export const CHECKED: readonly string[] = [
  'keep-alive',
  'new-connections',
  'compute',
  'tls',
  'ready',
  'memory',
  'spread',
];

/** However quiet the rounds were, a change within this part is none. */
const LEAST_TOLERANCE = 0.05;
/** Where the rounds justify more than this, `ok` would say little. */
const TOO_NOISY = 0.4;
/** Standard errors of the difference of two medians: of three hundred true nulls one is beyond it. */
const ERRORS = 3;

export interface Verdict {
  readonly what: string;
  readonly before: number;
  readonly now: number;
  /** As a part of `before`: how far it is worse, and how far it may be. */
  readonly worse: number;
  readonly tolerance: number;
}

/** How far `now` may be from `before` without meaning anything: what the spread of both runs' rounds justifies. */
export function tolerance(before: readonly number[], now: readonly number[]): number {
  const error = Math.hypot(errorOfMedian(before) / median(before), errorOfMedian(now) / median(now));
  return Math.max(LEAST_TOLERANCE, ERRORS * (Number.isNaN(error) ? 0.1 : error));
}

export function verdicts(baseline: Summary, current: Summary): Verdict[] {
  return scenarios.flatMap(({ name, columns }) => {
    const before = baseline.scenarios[name]?.[OURS]?.ratios ?? {};
    const now = current.scenarios[name]?.[OURS]?.ratios ?? {};
    return columns
      .filter(({ ratio }) => ratio === true)
      .flatMap(({ key, title, better }) =>
        Object.keys(now).flatMap((reference) => {
          const [was, is] = [before[reference]?.[key], now[reference]?.[key]];
          if (was === undefined || is === undefined) return [];
          const change = is.median / was.median - 1;
          return [
            {
              what: `${name}: ${title} × ${reference}`,
              before: was.median,
              now: is.median,
              worse: better === 'higher' ? -change : change,
              tolerance: tolerance(was.values, is.values),
            },
          ];
        }),
      );
  });
}

/** @returns the exit code. */
export function check(current: Summary, say: (line: string) => void): number {
  const baseline = readBaseline();
  if (baseline === undefined) {
    say('\nno baseline.json to hold it to: --publish makes one');
    return 1;
  }
  if (baseline.workers !== current.workers) {
    say(
      `\nbaseline.json is of ${baseline.workers} workers, this machine has ${current.workers}: their ratios are not the same thing`,
    );
    return 1;
  }
  const all = [...verdicts(baseline, current), ...microVerdicts(baseline, current)];
  const failed = all.filter((verdict) => verdict.worse > verdict.tolerance);
  const noisy = all.filter((verdict) => verdict.tolerance > TOO_NOISY && !failed.includes(verdict));
  say(`\nBeside baseline.json (${baseline.started.slice(0, 10)}, prefork ${baseline.versions[OURS]}):`);
  for (const { what, before, now, worse, tolerance: limit } of all) {
    const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
    const change = worse > 0 ? `${percent(worse)} worse` : `${percent(-worse)} better`;
    const mark = worse > limit ? 'WORSE' : limit > TOO_NOISY ? 'noisy' : 'ok';
    say(
      `  ${mark.padEnd(5)}  ${what.padEnd(58)} ${before.toFixed(2)} → ${now.toFixed(2)}  ${change}, tolerance ${percent(limit)}`,
    );
  }
  if (noisy.length > 0)
    say(`${noisy.length} of ${all.length} rounds apart too far to tell: a quieter machine, or more --rounds`);
  say(failed.length === 0 ? 'nothing is worse' : `${failed.length} of ${all.length} are worse`);
  return failed.length === 0 ? 0 : 1;
}

/** Times of single operations travel badly; beside the bare operation of the same run they do. */
const MICRO_TOLERANCE = 0.4;

function microVerdicts(baseline: Summary, current: Summary): Verdict[] {
  const ratio = ({ micro }: Summary, name: string): number | undefined => {
    const result = micro.find((one) => one.name === name);
    const bare = micro.find((one) => one.name === result?.bare);
    return result === undefined || bare === undefined ? undefined : result.ns / bare.ns;
  };
  const ours = current.micro.filter((result) => result.ours === true);
  return ours.flatMap(({ name }) => {
    const [before, now] = [ratio(baseline, name), ratio(current, name)];
    if (before === undefined || now === undefined) return [];
    return [{ what: `${name} × bare`, before, now, worse: now / before - 1, tolerance: MICRO_TOLERANCE }];
  });
}

/** Undefined when nothing was published yet. */
export const readBaseline = (): Summary | undefined =>
  existsSync(paths.baseline) ? summarise(readResults(paths.baseline)) : undefined;
