/**
 * Expresses in one figure how uneven loads are: the largest divided by the mean. 1 is even, and so is no load at all.
 */
export function skewOf(loads: readonly number[]): number {
  const sum = loads.reduce((total, load) => total + load, 0);
  return sum === 0 ? 1 : (Math.max(...loads) * loads.length) / sum;
}
