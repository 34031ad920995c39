/** The longest time that setTimeout accepts, in whole hours. From 2^31 ms on it fires at once. */
export const LONGEST_TIME_MS: number = 596 * 3_600_000;

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/**
 * Reads `500ms`, `10s`, `2m`, `1h` or `0`. Any other bare number is refused, because it could mean seconds, as in
 * nginx, or milliseconds, as in Node.
 *
 * @returns milliseconds, or undefined when the text is not a time.
 */
export function parseTime(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(?<count>\d{1,12})(?<unit>ms|s|m|h)$/.exec(text);
  if (match === null) return undefined;
  const { count, unit } = match.groups as { count: string; unit: keyof typeof units };
  return Number(count) * units[unit];
}

/** Writes milliseconds the way `parseTime` reads them, in the largest unit that loses nothing. */
export function formatTime(ms: number): string {
  if (ms === 0) return '0';
  const [unit, length] = Object.entries(units).find((entry) => ms % entry[1] === 0)!;
  return `${ms / length}${unit}`;
}
