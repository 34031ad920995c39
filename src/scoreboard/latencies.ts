/**
 * A finer histogram of the durations of answered requests than `durations`, for the comparison of two generations. Buckets
 * twice as wide as the one before cannot tell whether an answer takes twice as long. An octave has eight buckets here, each at
 * most 12.5 % wider than its lower bound: the three highest bits of a number's fraction, as in HdrHistogram. Less than 1 ms, and more
 * than 4 s, are one bucket each: no release is taken back for less, and 4 s are slow enough.
 */
const OCTAVES = 12;
const PER_OCTAVE = 8;

/** The number of buckets. */
export const LATENCIES: number = OCTAVES * PER_OCTAVE + 2;

/** The upper bounds of the buckets in ms. The last bucket has none. */
export const LATENCY_BOUNDS: readonly number[] = Array.from({ length: LATENCIES - 1 }, (_, index) => {
  const octave = Math.floor(index / PER_OCTAVE);
  return 2 ** octave * (1 + (index % PER_OCTAVE) / PER_OCTAVE);
});

const number = new Float32Array(1);
const bits = new Uint32Array(number.buffer);
/** What is left of 1 ms when all bits of the fraction but three are cut off. */
const FIRST = 127 * PER_OCTAVE - 1;

/** Counts a request. This is the hot path: it runs for each request and allocates nothing. */
export function countLatency(latencies: Float64Array, ms: number): void {
  number[0] = ms;
  // Exponent and fraction are read as one whole number, which grows by 1 from bucket to bucket.
  const bucket = (bits[0]! >>> 20) - FIRST;
  latencies[bucket <= 0 ? 0 : bucket < LATENCIES ? bucket : LATENCIES - 1]! += 1;
}
