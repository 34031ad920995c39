/** How uneven loads are, in one figure: the largest over the mean. 1 is even; of nothing at all too. */
export function skewOf(loads: readonly number[]): number {
  const sum = loads.reduce((total, load) => total + load, 0);
  return sum === 0 ? 1 : (Math.max(...loads) * loads.length) / sum;
}
