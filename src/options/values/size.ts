/** The largest size that a number represents exactly, in whole gigabytes. */
export const LARGEST_SIZE_BYTES: number = 8_388_607 * 1024 ** 3;

const units = { gb: 1024 ** 3, mb: 1024 ** 2, kb: 1024, b: 1 } as const;

/**
 * Reads `512mb`, `2gb`, `64kb`, `100b` or `0`. A kb is 1024 bytes, as usual for memory. Any other bare number is
 * refused, because it could mean bytes, as in code, or megabytes, as in Node's own flags.
 *
 * @returns bytes, or undefined when the text is not a size.
 */
export function parseSize(text: string): number | undefined {
  if (text === '0') return 0;
  const match = /^(?<count>\d{1,16})(?<unit>gb|mb|kb|b)$/.exec(text);
  if (match === null) return undefined;
  const { count, unit } = match.groups as { count: string; unit: keyof typeof units };
  return Number(count) * units[unit];
}

/** Writes bytes the way `parseSize` reads them, in the largest unit that loses nothing. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0';
  const [unit, length] = Object.entries(units).find((entry) => bytes % entry[1] === 0)!;
  return `${bytes / length}${unit}`;
}
