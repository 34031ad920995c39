/** Figures as the page has them. Pure. */
import { duration } from '../../format/duration.ts';
import { count, percent } from '../../format/figures.ts';

/** What is not known. */
export const NONE = '–';

export type Figure = number | null | undefined;

export function shown(figure: Figure, show: (figure: number) => string): string {
  return figure === null || figure === undefined ? NONE : show(figure);
}

/** Less than ten of something a second has a digit after the point. */
export function rate(perSecond: number): string {
  if (perSecond > 0 && perSecond < 9.95) return String(Number(perSecond.toFixed(1)));
  return count(Math.round(perSecond));
}

export function whole(figure: number): string {
  return count(Math.round(figure));
}

/** `0.42 ms`, `12 ms`, `1.2 s` */
export function latency(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(2))} s`;
  return `${ms < 10 ? Number(ms.toPrecision(2)) : Math.round(ms)} ms`;
}

/** In units of 1024, as everywhere in prefork. */
export function memory(bytes: number): string {
  const megabytes = bytes / 1_048_576;
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}

export function share(figure: number): string {
  return percent(figure).replace('%', ' %');
}

/** In whole seconds: what is shown once a second does not flicker. */
export function age(ms: number): string {
  return ms < 1000 ? '0s' : duration(Math.floor(ms / 1000) * 1000);
}

/** The least round figure that is not less, and of which half is one, too: where an axis ends. */
export function niceCeiling(figure: number): number {
  if (figure <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(figure));
  // 20, for what floating point makes of 10 times a power.
  const step = [1, 2, 3, 4, 5, 6, 8, 10, 20].find((one) => one * power >= figure)!;
  return step * power;
}
