/**
 * Decides when a worker gives connections away because they ask for more than those of the others. Workers may have
 * equally many connections that differ in cost, and the load of the event loops shows that. This module is pure.
 */

/**
 * The number of beats, of 250 ms, for which a worker has to be hot, because a moment of much work does not count. Where looks are rarer
 * than beats, at least two looks have to show it.
 */
const HOT_BEATS = 4;

/** The number of beats after giving for which a worker is not judged, because the effect has to show first. */
const REST_BEATS = 4;

/** Below this utilization a worker keeps no client waiting, however busy the others are. */
const BUSY = 0.6;

/** How much busier than the mean of the others a worker must be to count as hot. The lower figure keeps it hot. */
const HOT = 0.25;
const STILL_HOT = 0.15;

/** The part of the handicap that a worker loses in a beat in which it is cooler than the others: a connection in two seconds. */
const REPRIEVE = 1 / 8;

/** A worker gives one in this many connections at once. */
const SHARE = 16;

export interface Look {
  /** The utilization of the own event loop and of the others', 0 to 1. */
  readonly own: number;
  readonly others: readonly number[];
  /** Open connections. */
  readonly connections: number;
  /** The number of beats from one look to the next. Utilization is that of the last beat alone. */
  readonly beats: number;
}

export interface Overload {
  /** The number of beats for which the worker has been hot at each look. */
  readonly hot: number;
  /** How many more beats the worker pauses for before it is judged again. */
  readonly rest: number;
  /**
   * The number of connections that the worker may have fewer than the others. They count as if it had them. Otherwise
   * levelling would bring back what it has just given.
   */
  readonly handicap: number;
}

export const COOL: Overload = { hot: 0, rest: 0, handicap: 0 };

/** Returns the connections that count as the worker's although it does not have them. */
export function handicapOf({ handicap }: Overload): number {
  return Math.ceil(handicap);
}

/**
 * Notes that the worker gives one connection. This has to be known when the connection stops being counted as the
 * worker's own, because others may look at any time.
 *
 * @param count -1 for one that it got back
 * @param others how many there are: each of them has a share of it more, while this one has one fewer
 */
export function afterGiving(overload: Overload, count: 1 | -1, others: number): Overload {
  return { ...overload, handicap: Math.max(0, overload.handicap + count * (1 + 1 / Math.max(1, others))) };
}

/** @returns how many of its connections a hot worker gives at once. */
export function partOf(connections: number): number {
  return Math.max(1, Math.floor(connections / SHARE));
}

/** @returns what is known now, and how many connections to give. */
export function judgeOverload(before: Overload, look: Look): { overload: Overload; give: number } {
  const { own, others, connections, beats } = look;
  const { hot, rest, handicap } = before;
  if (rest >= beats) return { overload: { hot: 0, rest: rest - beats, handicap }, give: 0 };
  const mean = others.reduce((sum, one) => sum + one, 0) / Math.max(1, others.length);
  const excess = hot > 0 ? STILL_HOT : HOT;
  // A single connection would be just as hot elsewhere.
  if (others.length === 0 || connections < 2 || own < BUSY || own - mean < excess) {
    const reprieve = own < mean || others.length === 0 ? REPRIEVE * beats : 0;
    return { overload: { ...COOL, handicap: Math.max(0, handicap - reprieve) }, give: 0 };
  }
  const hotFor = hot === 0 ? 1 : hot + beats;
  if (hotFor < HOT_BEATS) return { overload: { hot: hotFor, rest: 0, handicap }, give: 0 };
  return { overload: { hot: 0, rest: REST_BEATS, handicap }, give: partOf(connections) };
}
