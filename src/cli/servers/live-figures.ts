/** What `prefork top --all` shows of each server, and how it follows from two looks at it. This module is pure. */
import { count, percent } from '../../format/figures.ts';
import type { Colorize } from '../colors.ts';
import { advance, sumOf, type Past, type Sample } from '../top/history.ts';
import { figuresOf, type ServerFigures } from './server-figures.ts';
import { columns, NO_ANSWER, serverTable, type ServerColumn } from './server-table.ts';
import { keyOf, type Surveyed } from './survey.ts';

/** The figures of the list, and those that take two looks. They are small, because the answer of another user's server can have megabytes. */
export interface LiveFigures extends ServerFigures {
  /** Requests finished per second by all workers; undefined while not known. */
  readonly rate: number | undefined;
  readonly connections: number;
  /** Cores in use by all workers since the look before; undefined while not known. */
  readonly cpu: number | undefined;
  /** What the next look counts from. */
  readonly past: Past;
}

export type WatchedServer = Surveyed<LiveFigures>;

export function liveFigures(sample: Sample, past: Past): LiveFigures {
  const history = advance(past, sample);
  const { rows, trail, marks } = history;
  return {
    ...figuresOf(sample.status),
    rate: trail.at(-1),
    connections: sumOf(rows, ({ worker }) => worker?.vitals?.connectionsOpen) ?? 0,
    cpu: sumOf(rows, ({ cpu }) => cpu),
    past: {
      sample: { at: sample.at, cpuTimes: sample.cpuTimes },
      rows: [],
      trail: [],
      marks: new Map([...marks].map(([pid, mark]) => [pid, { ...mark, durations: [], latency: undefined }])),
    },
  };
}

/** What the next look counts from, by server. One that did not answer this time has what it had before; one that is gone is forgotten. */
export function pastOf(
  servers: readonly WatchedServer[],
  before: ReadonlyMap<string, Past>,
): ReadonlyMap<string, Past> {
  const past = new Map<string, Past>();
  for (const { server, answer } of servers) {
    const key = keyOf(server);
    const known = answer?.past ?? before.get(key);
    if (known !== undefined) past.set(key, known);
  }
  return past;
}

const UNKNOWN = '-';

const liveColumns: ReadonlyArray<ServerColumn<LiveFigures>> = [
  columns.pid,
  columns.state,
  columns.workers,
  { title: 'req/s', align: 'right', text: ({ rate }) => (rate === undefined ? UNKNOWN : count(Math.round(rate))) },
  { title: 'conns', align: 'right', text: ({ connections }) => count(connections) },
  { title: 'cpu', align: 'right', text: ({ cpu }) => (cpu === undefined ? UNKNOWN : percent(cpu)) },
  columns.memory,
  columns.uptime,
  columns.address,
];

/** A line of titles and a line for each server. */
export function liveTable(servers: readonly WatchedServer[], color: Colorize): string[] {
  return serverTable(liveColumns, servers, color);
}

/** The look as `prefork top --all --json` prints it, on one line: see docs/inspecting.md. */
export function overviewJson(servers: readonly WatchedServer[], now: Date): string {
  const list = servers.map(({ server: { name, owner }, answer, reason }) => {
    const who = { name, uid: owner?.uid ?? null };
    if (answer === undefined) return { ...who, state: NO_ANSWER, reason };
    const { past: _past, rate, cpu, ...figures } = answer;
    return { ...who, ...figures, cpu: cpu ?? null, requestsPerSecond: rate ?? null };
  });
  return `${JSON.stringify({ version: 1, at: now.toISOString(), servers: list })}\n`;
}
