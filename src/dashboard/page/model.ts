/** What the page knows: what it was told, and what follows from that. Pure. */
import { advance, noHistory, sumOf, type History, type Row } from '../../cli/top/history.ts';
import type { RecordedEvent, Status } from '../../control/controls.ts';
import { statusFrom, type Figures, type Parts } from '../frame.ts';
import type { Message } from './feed/sse.ts';

/** What is shown of the past, ms. */
export const WINDOW = 120_000;

/** More apart, two frames are two stretches, with nothing known between them, ms. */
const GAP = 3500;

/** Of events. */
const MOST_EVENTS = 100;

/** Totals at one moment; null is not known. */
export interface Moment {
  /** By the server's clock, ms since the Unix epoch. */
  readonly at: number;
  readonly rate: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly connections: number | null;
  /** Of the workers' event loops: the mean, and the busiest one. */
  readonly loop: number | null;
  readonly busiest: number | null;
  readonly memory: number | null;
}

/** Of one place, as in `Row.key`. */
export interface TrailPoint {
  readonly at: number;
  readonly rate: number | null;
}

export interface Model {
  readonly parts: Partial<Parts>;
  /** Undefined until all of it has come. */
  readonly status: Status | undefined;
  /** Now, by the server's clock. */
  readonly now: number;
  readonly history: History;
  readonly moments: readonly Moment[];
  readonly trails: ReadonlyMap<string, readonly TrailPoint[]>;
  /** The newest first. */
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
      // Of a newer server.
      return model;
  }
}

/** Another primary has another clock, and its workers have counted from nothing. */
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
    moments: extended(model.moments, moment, unknown),
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

/** What a hung worker wrote last says nothing: its event loop is as busy as can be. */
export function loopOf({ state, worker }: Row): number | [] {
  if (state === 'hung') return 1;
  return worker?.vitals?.utilization ?? [];
}

function unknown(at: number): Moment {
  return { at, rate: null, p50: null, p99: null, connections: null, loop: null, busiest: null, memory: null };
}

/** With nothing between two stretches, so that no line is drawn there. */
function extended<Point extends { readonly at: number }>(
  points: readonly Point[],
  point: Point,
  nothing: (at: number) => Point,
): readonly Point[] {
  const last = points.at(-1);
  // Its clock was set, or it is another server.
  const before = last !== undefined && last.at >= point.at ? [] : points;
  const hole = last !== undefined && point.at - last.at > GAP ? [nothing(last.at + 1)] : [];
  return [...before, ...hole, point].filter(({ at }) => at >= point.at - WINDOW - GAP);
}

/** A slot's goes on when its worker is another. */
function trailsOf(trails: Model['trails'], rows: readonly Row[], at: number): Model['trails'] {
  return new Map(
    rows.map(({ key, rate }) => {
      const point = { at, rate: rate ?? null };
      return [key, extended<TrailPoint>(trails.get(key) ?? [], point, (hole) => ({ at: hole, rate: null }))];
    }),
  );
}
