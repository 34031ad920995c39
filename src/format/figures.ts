/** Figures for people, as short as they say enough. */

/** `999`, `12.3k`, `4.5M` */
export function count(number: number): string {
  if (number < 10_000) return String(number);
  if (number < 999_500) return `${Number((number / 1000).toPrecision(3))}k`;
  if (number < 999_500_000) return `${Number((number / 1e6).toPrecision(3))}M`;
  return `${Number((number / 1e9).toPrecision(3))}G`;
}

/** Bytes in units of 1024, as top(1) and the options have them. */
export function size(bytes: number): string {
  const megabytes = bytes / 1_048_576;
  return megabytes < 1024 ? `${Math.round(megabytes)}M` : `${(megabytes / 1024).toFixed(1)}G`;
}

/** Of a share: 1 is 100 %. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** How long a request took, in five characters: `0.4ms`, `120ms`, `2.5s`. */
export function milliseconds(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)}ms`;
  return ms < 999.5 ? `${Math.round(ms)}ms` : `${Number((ms / 1000).toFixed(1))}s`;
}
