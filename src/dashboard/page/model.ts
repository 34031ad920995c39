/** The page's knowledge: the server's messages, and what follows from them. This module is pure. */
import { advance, noHistory, sumOf, type History, type Row } from '../../cli/top/history.ts';
import type { FiguresHistory, HistoryPoint, RecordedEvent, Status } from '../../control/controls.ts';
import { statusFrom, type Figures, type Parts } from '../frame.ts';
import type { Message } from './feed/sse.ts';

/** The length of the history of totals that is shown, and of that of a tile. */
export const WINDOW_MS = 600_000;
export const TRAIL_MS = 120_000;

/** Two frames further apart than this are separate stretches, with unknown figures in between. */
const GAP_MS = 3500;

/** The number of events that are kept. */
const MOST_EVENTS = 100;

/** A point of the history of totals, at its time by the server's clock, in ms since the Unix epoch. */
export type Moment = Omit<HistoryPoint, 'uptime'> & { readonly at: number };

/** A point in the history of one place, whose key is `Row.key`. */
export interface TrailPoint {
  readonly at: number;
  readonly rate: number | null;
}

export interface Model {
  readonly parts: Partial<Parts>;
  /** Undefined until every part has arrived. */
  readonly status: Status | undefined;
  /** The present time by the server's clock. */
  readonly now: number;
  readonly history: History;
  readonly moments: readonly Moment[];
  readonly trails: ReadonlyMap<string, readonly TrailPoint[]>;
  /** The events, the newest first. */
  readonly events: readonly RecordedEvent[];
}

export const noModel: Model = {
  parts: {},
  status: undefined,
  now: 0,
  history: noHistory,
  moments: [],
  trails: new Map(),
  events: [],
};

export function heard(model: Model, { name, data }: Message): Model {
  switch (name) {
    case 'lifecycleEvents':
      return { ...model, events: (data as RecordedEvent[]).toReversed() };
    case 'event':
      return { ...model, events: [data as RecordedEvent, ...model.events].slice(0, MOST_EVENTS) };
    case 'server':
      return sameServer(model, data as Parts['server']);
    case 'slots':
      return { ...model, parts: { ...model.parts, slots: data as Parts['slots'] } };
    case 'figures':
      return withFigures(model, data as Figures);
    default:
      // A newer server may send other messages.
      return model;
  }
}

/** Another primary has another clock, and its workers started to count at zero. */
function sameServer(model: Model, server: Parts['server']): Model {
  const isSame = model.parts.server === undefined || model.parts.server.pid === server.pid;
  const kept = isSame ? model : { ...model, history: noHistory };
  return { ...kept, parts: { ...kept.parts, server } };
}

function withFigures(model: Model, figures: Figures): Model {
  const { server, slots } = model.parts;
  if (server === undefined || slots === undefined) return model;
  const status = statusFrom({ server, slots, figures });
  const history = advance(model.history, { at: figures.at, status, cpuTimes: new Map() });
  const now = Date.parse(server.startedAt) + figures.uptime;
  const moment = momentOf(history, figures, now);
  return {
    parts: { ...model.parts, figures },
    status,
    now,
    history,
    moments: extended(model.moments, moment, unknown, WINDOW_MS),
    trails: trailsOf(model.trails, history.rows, now),
    events: model.events,
  };
}

function momentOf({ rows }: History, { p50, p99 }: Figures, at: number): Moment {
  const sum = (of: (row: Row) => number | undefined): number | null => sumOf(rows, of) ?? null;
  const loops = rows.filter(({ state }) => state === 'serving' || state === 'hung').flatMap(loopOf);
  return {
    at,
    rate: sum(({ rate }) => rate),
    p50,
    p99,
    connections: sum(({ worker }) => worker?.vitals?.connectionsOpen),
    loop: loops.length === 0 ? null : loops.reduce((all, one) => all + one, 0) / loops.length,
    busiest: loops.length === 0 ? null : Math.max(...loops),
    memory: sum(({ worker }) => worker?.vitals?.rss),
  };
}

/**
 * Returns the load of a row's event loop. The last figure of a hung worker says nothing: its event loop is fully busy.
 */
export function loopOf({ state, worker }: Row): number | [] {
  if (state === 'hung') return 1;
  return worker?.vitals?.utilization ?? [];
}

function unknown(at: number): Moment {
  return { at, rate: null, p50: null, p99: null, connections: null, loop: null, busiest: null, memory: null };
}

/** Adds a point, with a gap between two stretches, so that no line is drawn there. */
function extended<Point extends { readonly at: number }>(
  points: readonly Point[],
  point: Point,
  nothing: (at: number) => Point,
  within: number,
): readonly Point[] {
  const last = points.at(-1);
  // The server's clock was set, or it is another server.
  const before = last !== undefined && last.at >= point.at ? [] : points;
  const hole = last !== undefined && point.at - last.at > GAP_MS ? [nothing(last.at + 1)] : [];
  return [...before, ...hole, point].filter(({ at }) => at >= point.at - within - GAP_MS);
}

/** Extends the history of each place. The history of a slot continues when its worker changes. */
function trailsOf(trails: Model['trails'], rows: readonly Row[], at: number): Model['trails'] {
  return new Map(
    rows.map(({ key, rate }) => {
      const point = { at, rate: rate ?? null };
      return [key, extended<TrailPoint>(trails.get(key) ?? [], point, noRate, TRAIL_MS)];
    }),
  );
}

function noRate(at: number): TrailPoint {
  return { at, rate: null };
}

/** Adds what the server has kept, where the page has seen nothing itself: from before it was opened, or while it was cut off. */
export function withHistory(model: Model, { startedAt, every, totals, slots }: FiguresHistory): Model {
  const start = Date.parse(startedAt);
  const times = totals.map(({ uptime }) => start + uptime);
  const moments = totals.map(({ uptime: _uptime, ...figures }, nth): Moment => ({ ...figures, at: times[nth]! }));
  const trails = new Map(model.trails);
  for (const { slot, rates } of slots) {
    const points = rates.map((rate, nth): TrailPoint => ({ at: times[nth]!, rate }));
    const key = `slot ${slot}`;
    const seen = (trails.get(key) ?? []).filter(({ rate }) => rate !== null);
    trails.set(key, merged(seen, points, every, noRate, model.now - TRAIL_MS));
  }
  const seen = model.moments.filter(({ rate, connections }) => rate !== null || connections !== null);
  return { ...model, moments: merged(seen, moments, every, unknown, model.now - WINDOW_MS), trails };
}

/**
 * Merges points. Those that the page has seen itself are closer together, and stand. Gaps are marked anew, since some are filled
 * now.
 *
 * @param seen the points that the page has seen, without the marks of gaps.
 * @param from the time before which nothing is shown.
 */
function merged<Point extends { readonly at: number }>(
  seen: readonly Point[],
  kept: readonly Point[],
  every: number,
  nothing: (at: number) => Point,
  from: number,
): readonly Point[] {
  const missed = kept.filter(({ at }) => at >= from - GAP_MS && !seen.some((point) => Math.abs(point.at - at) < every));
  const all = [...seen, ...missed].toSorted((a, b) => a.at - b.at);
  return all.flatMap((point, nth) => {
    const before = all[nth - 1];
    return before !== undefined && point.at - before.at > GAP_MS ? [nothing(before.at + 1), point] : [point];
  });
}
