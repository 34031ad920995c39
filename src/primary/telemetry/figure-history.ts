import type { FiguresHistory, HistoryPoint } from '../../control/controls.ts';
import type { Totals } from '../../metrics/totals.ts';
import { durationsOfAll, quantile } from '../../scoreboard/durations.ts';
import type { Row } from '../../scoreboard/layout.ts';

/** The time between two points, and the number of points that are kept: ten minutes. */
const EVERY_MS = 2000;
const POINTS = 300;

/** The slots whose own rates are kept. Each takes 1.2 KB, so all of them take 0.3 MB. */
const MOST_SLOTS = 256;

/** A worker that has not beaten for this long does nothing but block its event loop. */
const SILENT_AFTER_MS = 1000;

/** The figures of a point, in the order in which they are kept. */
const FIGURES = ['uptime', 'rate', 'p50', 'p99', 'connections', 'loop', 'busiest', 'memory'] as const;

type Figure = (typeof FIGURES)[number];

/** What all workers had counted at a moment, with those that have ended. */
interface Mark {
  readonly at: number;
  readonly finished: ReadonlyMap<number, number>;
  readonly durations: readonly number[];
}

/**
 * The figures of the last ten minutes, for those who come to look. A point takes 64 bytes, and 4 more for each slot. What is
 * not known is NaN in memory, and null for those who ask. Owns nothing but memory.
 */
export class FigureHistory {
  readonly #totals: Totals;
  readonly #points = new Float64Array(POINTS * FIGURES.length);
  readonly #rates = new Map<number, Float32Array>();
  #taken = 0;
  #mark: Mark | undefined;

  /** @param totals the counts of workers that have ended. */
  constructor(totals: Totals) {
    this.#totals = totals;
  }

  /**
   * Takes a point, if it is time for one.
   *
   * @param at the monotonic time, ms.
   * @param startedAt that of the server's start.
   * @param rows the rows of all living workers, with numbers in range.
   */
  look(at: number, startedAt: number, rows: readonly Row[]): void {
    const before = this.#mark;
    if (before !== undefined && at - before.at < EVERY_MS) return;
    const mark = { at, finished: this.#finished(rows), durations: this.#durations(rows) };
    this.#mark = mark;
    // Rates need two marks.
    if (before === undefined) return;
    const rates = ratesBetween(before, mark);
    this.#keep({
      uptime: Math.round(at - startedAt),
      rate: [...rates.values()].reduce((sum, rate) => sum + rate, 0),
      ...latencyBetween(before, mark),
      ...loadOf(rows, at),
    });
    this.#keepRates(rates);
    this.#taken++;
  }

  /** @param startedAt the time of the server's start, as in the status. */
  read(startedAt: string): FiguresHistory {
    const kept = Math.min(this.#taken, POINTS);
    const places = Array.from({ length: kept }, (_, nth) => (this.#taken - kept + nth) % POINTS);
    const totals = places.map((place) => this.#point(place));
    const slots = [...this.#rates].map(([slot, rates]) => ({
      slot,
      rates: places.map((place) => known(rates[place]!)),
    }));
    return { version: 1, startedAt, every: EVERY_MS, totals, slots };
  }

  #point(place: number): HistoryPoint {
    const figures = FIGURES.map((name, nth) => [name, known(this.#points[place * FIGURES.length + nth]!)] as const);
    return Object.fromEntries(figures) as unknown as HistoryPoint;
  }

  #keep(point: Readonly<Record<Figure, number>>): void {
    const from = (this.#taken % POINTS) * FIGURES.length;
    for (const [nth, name] of FIGURES.entries()) this.#points[from + nth] = point[name];
  }

  #keepRates(rates: ReadonlyMap<number, number>): void {
    const place = this.#taken % POINTS;
    for (const slot of rates.keys()) {
      if (!this.#rates.has(slot) && this.#rates.size < MOST_SLOTS) {
        this.#rates.set(slot, new Float32Array(POINTS).fill(Number.NaN));
      }
    }
    for (const [slot, kept] of this.#rates) {
      kept[place] = rates.get(slot) ?? Number.NaN;
      // A slot that is no more is forgotten when nothing of it is left.
      if (!rates.has(slot) && kept.every(Number.isNaN)) this.#rates.delete(slot);
    }
  }

  /** Returns how many requests the workers of each slot have finished. Of slots that are no more there is nothing. */
  #finished(rows: readonly Row[]): Map<number, number> {
    const ended = new Set(this.#totals.slots);
    const finished = new Map<number, number>();
    for (const { slot, requestsFinished } of rows) {
      if (slot < 0) continue;
      finished.set(
        slot,
        (finished.get(slot) ?? (ended.has(slot) ? this.#totals.of(slot).requestsFinished : 0)) + requestsFinished,
      );
    }
    return finished;
  }

  #durations(rows: readonly Row[]): number[] {
    const all = [...rows, ...this.#totals.slots.map((slot) => this.#totals.of(slot))];
    const sums = durationsOfAll(all[0]?.durations ?? new Float64Array());
    for (const { durations } of all.slice(1)) {
      for (const [bucket, count] of durationsOfAll(durations).entries()) sums[bucket]! += count;
    }
    return sums;
  }
}

/** Returns the requests a second of each slot that is known at both moments. What a kill has lost counts as nothing. */
function ratesBetween(before: Mark, now: Mark): Map<number, number> {
  const rates = new Map<number, number>();
  for (const [slot, finished] of now.finished) {
    const old = before.finished.get(slot);
    if (old !== undefined) rates.set(slot, (Math.max(0, finished - old) * 1000) / (now.at - before.at));
  }
  return rates;
}

function latencyBetween(before: Mark, now: Mark): { p50: number; p99: number } {
  // A row may vanish a moment before it is counted among those that ended, so a difference can be negative.
  const counts = now.durations.map((count, bucket) => Math.max(0, count - before.durations[bucket]!));
  return { p50: quantile(counts, 0.5) ?? Number.NaN, p99: quantile(counts, 0.99) ?? Number.NaN };
}

function loadOf(rows: readonly Row[], at: number): Record<'connections' | 'loop' | 'busiest' | 'memory', number> {
  const loops = rows
    .filter(({ slot, state }) => slot >= 0 && state === 'ready')
    .map(({ heartbeat, utilization }) => (at - heartbeat > SILENT_AFTER_MS ? 1 : utilization));
  return {
    connections: rows.reduce((sum, { connectionsOpen }) => sum + connectionsOpen, 0),
    loop: loops.length === 0 ? Number.NaN : loops.reduce((sum, loop) => sum + loop, 0) / loops.length,
    busiest: loops.length === 0 ? Number.NaN : Math.max(...loops),
    memory: rows.reduce((sum, { rss }) => sum + rss, 0),
  };
}

/** Returns a figure with three digits, which is more than a chart shows; null where it is not known. */
function known(figure: number): number | null {
  if (!Number.isFinite(figure)) return null;
  return Math.abs(figure) < 1000 ? Number(figure.toPrecision(3)) : Math.round(figure);
}
