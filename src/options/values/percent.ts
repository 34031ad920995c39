/** Reads `50%` or `0.5%` as 50 or 0.5; undefined when the text is no percentage. */
export function parsePercent(text: string): number | undefined {
  const [, number] = /^(\d{1,4}(?:\.\d{1,3})?)%$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number);
}
