/** Makes a load for the simulation of what `prefork top --json` wrote down of a real server. */
import type { Trace } from './traces.ts';

/** The part of a line that counts here. */
interface Line {
  readonly at: string;
  readonly cpu: number | null;
  readonly workers: ReadonlyArray<{ readonly vitals: { readonly utilization: number } | null }>;
}

/**
 * Returns the load of a record. It is at most what the workers of the record could take: where they were busy all the
 * time, nobody knows how much more there was.
 *
 * @param lines of `prefork top --json`, at any interval.
 * @param cores that the loads are a share of.
 * @throws Error when there are fewer than two lines.
 */
export function recordedTrace(lines: readonly string[], cores: number): Trace {
  const parsed = lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Line);
  if (parsed.length < 2) throw new Error(`expected at least two lines of prefork top --json, got ${parsed.length}`);
  const start = Date.parse(parsed[0]!.at);
  const points = parsed.map(({ at, workers }) => ({
    second: (Date.parse(at) - start) / 1000,
    load: workers.reduce((sum, { vitals }) => sum + (vitals?.utilization ?? 0), 0) / cores,
  }));
  const busy = points.reduce((sum, { load }) => sum + load, 0) * cores;
  const cpu = parsed.reduce((sum, line) => sum + (line.cpu ?? 0), 0);
  let next = 0;
  return {
    about: 'a recorded load',
    seconds: points.at(-1)!.second,
    load: (second) => {
      // The simulation asks for one time after another.
      if (second < points[next]!.second) next = 0;
      while (next < points.length - 1 && points[next + 1]!.second <= second) next++;
      return points[next]!.load;
    },
    cpuShare: busy === 0 || cpu === 0 ? 1 : Math.min(1, cpu / busy),
    most: Math.max(1, ...parsed.map(({ workers }) => workers.length / cores)),
  };
}
