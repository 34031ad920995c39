/** Formats figures for people, as briefly as possible. */

/** Formats a count as `999`, `12.3k` or `4.5M`. */
export function count(number: number): string {
  if (number < 10_000) return String(number);
  if (number < 999_500) return `${Number((number / 1000).toPrecision(3))}k`;
  if (number < 999_500_000) return `${Number((number / 1e6).toPrecision(3))}M`;
  return `${Number((number / 1e9).toPrecision(3))}G`;
}

/** Formats bytes in units of 1024, as top(1) and the options do. */
export function size(bytes: number): string {
  const megabytes = bytes / 1_048_576;
  return megabytes < 1024 ? `${Math.round(megabytes)}M` : `${(megabytes / 1024).toFixed(1)}G`;
}

/** Formats a share; 1 is 100 %. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** Formats the duration of a request in at most five characters: `0.4ms`, `120ms`, `2.5s`. */
export function milliseconds(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  return ms < 999.5 ? `${Math.round(ms)}ms` : `${Number((ms / 1000).toFixed(1))}s`;
}
