/** Formats figures for the page. This module is pure. */
import { duration } from '../../format/duration.ts';
import { count, percent } from '../../format/figures.ts';

/** The text for a value that is not known. */
export const NONE = '–';

export type Figure = number | null | undefined;

export function shown(figure: Figure, show: (figure: number) => string): string {
  return figure === null || figure === undefined ? NONE : show(figure);
}

/** Shows a digit after the point when there are fewer than ten a second. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 9.95) return String(Number(perSecond.toFixed(1)));
  return count(Math.round(perSecond));
}

export function whole(figure: number): string {
  return count(Math.round(figure));
}

/** Formats a time as `0.42 ms`, `12 ms` or `1.2 s`. */
export function latency(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(2))} s`;
  return `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
}

/** Formats memory in units of 1024, as everywhere in prefork. */
export function memory(bytes: number): string {
  const megabytes = bytes / 1_048_576;
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}

export function share(figure: number): string {
  return percent(figure).replace('%', ' %');
}

/** Formats an age in whole seconds, so that a figure that is shown once a second does not flicker. */
export function age(ms: number): string {
  return ms < 1000 ? '0s' : duration(Math.floor(ms / 1000) * 1000);
}

/** Returns the smallest round figure that is not less and whose half is round, too. An axis ends there. */
export function niceCeiling(figure: number): number {
  if (figure <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(figure));
  // The 20 catches the rounding errors of 10 times a power.
  const step = [1, 2, 3, 4, 5, 6, 8, 10, 20].find((one) => one * power >= figure)!;
  return step * power;
}
