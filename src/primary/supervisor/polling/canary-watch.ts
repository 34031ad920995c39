import type { CanaryLimits, GenerationSample, Judgement, WatchTime } from '../../../contract/canary.ts';
import { judge } from '../../fleet/canary/judge.ts';
import {
  NO_SAMPLES,
  NO_TALLY,
  sampleOf,
  tallied,
  withSample,
  type Samples,
  type SeenRow,
  type Tally,
} from '../../fleet/canary/samples.ts';
import type { WorkerId } from '../../fleet/ids.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { HealthReport } from './health-reports.ts';

export interface CanaryWatchParts {
  /** Returns the limits that are in force. */
  readonly limits: () => CanaryLimits;
  readonly row: (worker: WorkerId) => SeenRow | undefined;
  /** What workers say of themselves: the question, and the last answer. */
  readonly reports: { ask(workers: Iterable<WorkerId>): void; of(worker: WorkerId): HealthReport | undefined };
}

interface Watched {
  readonly generation: number;
  readonly since: number;
  readonly samples: Samples;
  readonly tallies: { readonly baseline: Tally; readonly canary: Tally };
}

/** Takes samples of both generations of a canary, and judges them. Owns nothing but their memory, which `end` lets go of. */
export class CanaryWatch {
  readonly #parts: CanaryWatchParts;
  #watched: Watched | undefined;

  constructor(parts: CanaryWatchParts) {
    this.#parts = parts;
  }

  /**
   * @param generation the canary's. All other workers are the baseline.
   * @param at monotonic, ms.
   */
  begin(generation: number, at: number): void {
    const tallies = { baseline: NO_TALLY, canary: NO_TALLY };
    this.#watched = { generation, since: at, samples: NO_SAMPLES, tallies };
  }

  /** Takes a sample of both generations, and judges what there is. Call it once a second. */
  look(fleet: Fleet, at: number, time: WatchTime): Judgement {
    const watched = this.#watched;
    if (watched === undefined) throw new Error('no canary is watched');
    const { generation, since } = watched;
    const { limits, reports } = this.#parts;
    const isCanary = (one: number): boolean => one === generation;
    const tallies = {
      baseline: tallied(watched.tallies.baseline, fleet, since, (one) => !isCanary(one)),
      canary: tallied(watched.tallies.canary, fleet, since, isCanary),
    };
    const baseline = this.#sample(fleet, at, { generation, isCanary: false, incidents: countsOf(tallies.baseline) });
    const canary = this.#sample(fleet, at, { generation, isCanary: true, incidents: countsOf(tallies.canary) });
    const samples = withSample(watched.samples, baseline, canary);
    this.#watched = { ...watched, samples, tallies };
    reports.ask([...baseline.workers, ...canary.workers].map(({ worker }) => worker));
    return judge(samples.baseline, samples.canary, time, limits());
  }

  end(): void {
    this.#watched = undefined;
  }

  #sample(fleet: Fleet, at: number, of: Parameters<typeof sampleOf>[2]): GenerationSample {
    const { row, reports } = this.#parts;
    return sampleOf(
      fleet,
      at,
      of,
      ({ id }) => row(id),
      ({ id }) => reports.of(id),
    );
  }
}

function countsOf({ crashed, hung }: Tally): { crashes: number; hangs: number } {
  return { crashes: crashed.size, hangs: hung.size };
}
