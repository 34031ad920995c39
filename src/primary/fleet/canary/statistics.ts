/**
 * The tests of significance that the verdict of a canary rests on. All are exact but for very large counts. Counts need
 * not be whole: those of requests that failed together are divided first (`designEffect`).
 */

/** The natural logarithm of the gamma function, by Lanczos' approximation. It is good to 15 digits for x > 0. */
function lnGamma(x: number): number {
  // The coefficients are those for g = 7 and nine terms.
  const terms = [
    676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_13, -176.615_029_162_140_6,
    12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_572e-6, 1.505_632_735_149_311_6e-7,
  ];
  let sum = 0.999_999_999_999_809_93;
  for (const [index, term] of terms.entries()) sum += term / (x + index);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** No continued fraction here needs more terms. Those of large counts are not evaluated: see `LARGE_VARIANCE`. */
const MOST_TERMS = 2000;

const TINY = 1e-300;

/**
 * The regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22), evaluated by Lentz' method.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = away(1 - ((a + b) * x) / (a + 1));
  let fraction = 1 / d;
  d = 1 / d;
  for (let m = 1; m < MOST_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-12) break;
  }
  return Math.min(1, front * fraction);
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** With a variance this large, the normal distribution takes the place of the binomial one. It bounds the time of a test. */
const LARGE_VARIANCE = 100_000;

/** The chance of `hits` or more among `trials` that each hit with probability `share`. */
export function binomialTail(trials: number, hits: number, share: number): number {
  if (hits <= 0) return 1;
  if (hits > trials || share <= 0) return 0;
  if (share >= 1) return 1;
  const variance = trials * share * (1 - share);
  if (variance > LARGE_VARIANCE) return normalTail((hits - 0.5 - trials * share) / Math.sqrt(variance));
  return incompleteBeta(share, hits, trials - hits + 1);
}

/** The chance that a normal variable is z or more standard deviations above its mean. */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  // Student's distribution with so many degrees of freedom differs by less than 1e-6 of the value at z = 6.
  return studentTail(z, 1e8);
}

/** The chance that Student's t with `freedom` degrees of freedom is t or more. */
export function studentTail(t: number, freedom: number): number {
  if (t < 0) return 1 - studentTail(-t, freedom);
  return 0.5 * incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The chance of a mean as far above 0 as that of these numbers, if the true mean is 0: the t-test for pairs. */
export function meanAboveZero(numbers: readonly number[]): number {
  const count = numbers.length;
  if (count < 2) return 1;
  const mean = meanOf(numbers);
  if (mean <= 0) return 1;
  const variance = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1);
  if (variance === 0) return 0;
  return studentTail(mean / Math.sqrt(variance / count), count - 1);
}

export function meanOf(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

/** How many trials there were, and how many of them were hits. */
export interface Share {
  readonly hits: number;
  readonly trials: number;
}

export function sumOf(cells: readonly Share[]): Share {
  let hits = 0;
  let trials = 0;
  for (const cell of cells) {
    hits += cell.hits;
    trials += cell.trials;
  }
  return { hits, trials };
}

/** With fewer slices than this, how hits come is not known yet. Then they count as if so many came together. */
const LEAST_SLICES = 4;
const UNKNOWN_EFFECT = 10;

/**
 * How many times more the hits vary from slice to slice than hits that come by themselves would: Pearson's chi-squared over
 * its degrees of freedom. Hits that come together, such as all requests of a moment when the machine stood still, count as
 * so many times fewer. This is Rao and Scott's way with clustered data (Biometrics 48, 1992).
 *
 * @returns 1 where they do not vary by more than chance.
 */
export function designEffect(slices: readonly Share[]): number {
  const share = ratioOf(sumOf(slices));
  const used = slices.filter(({ trials }) => trials > 0);
  return effectOf(used.map(({ hits, trials }) => (hits - trials * share) ** 2 / varianceOf(trials, share)));
}

/** The same slice of both generations. */
export interface Pair {
  readonly baseline: Share;
  readonly canary: Share;
}

/**
 * The design effect of the difference between two generations. What happens to both in one slice, such as an outage of a database,
 * is no difference.
 */
export function differenceEffect(pairs: readonly Pair[]): number {
  const used = pairs.filter(({ baseline, canary }) => baseline.trials > 0 && canary.trials > 0);
  const shares = { baseline: ratioOf(sumOf(used.map(baselineOf))), canary: ratioOf(sumOf(used.map(canaryOf))) };
  const mean = shares.canary - shares.baseline;
  return effectOf(
    used.map(({ baseline, canary }) => {
      const difference = ratioOf(canary) - ratioOf(baseline);
      const variance =
        varianceOf(canary.trials, shares.canary) / canary.trials ** 2 +
        varianceOf(baseline.trials, shares.baseline) / baseline.trials ** 2;
      return (difference - mean) ** 2 / variance;
    }),
  );
}

/** The design effect of the baseline, but for what the canary has in the same slices. */
export function usualEffect(pairs: readonly Pair[]): number {
  const usual = ratioOf(sumOf(pairs.map(baselineOf)));
  const used = pairs.filter(({ baseline }) => baseline.trials > 0);
  return effectOf(
    used.map(({ baseline: { hits, trials }, canary }) => {
      const share = Math.max(usual, Math.min(hits / trials, ratioOf(canary)));
      return (hits - trials * share) ** 2 / varianceOf(trials, share);
    }),
  );
}

/**
 * The design effect that shows between workers of one generation in the same slices. A client that sends a request that fails again and
 * again is in one worker at a time.
 */
export function workerEffect(slices: readonly (readonly Share[])[]): number {
  let sum = 0;
  let freedom = 0;
  for (const workers of slices) {
    const share = ratioOf(sumOf(workers));
    const used = workers.filter(({ trials }) => trials > 0);
    if (share === 0 || share === 1 || used.length < 2) continue;
    for (const { hits, trials } of used) sum += (hits - trials * share) ** 2 / varianceOf(trials, share);
    freedom += used.length - 1;
  }
  return freedom < LEAST_SLICES ? 1 : significant(sum / freedom, freedom);
}

function effectOf(squares: readonly number[]): number {
  if (squares.length < LEAST_SLICES) return UNKNOWN_EFFECT;
  const freedom = squares.length - 1;
  const effect = squares.reduce((sum, square) => sum + (Number.isFinite(square) ? square : 0), 0) / freedom;
  return significant(effect, freedom);
}

/** An effect that chance alone often has is none. */
function significant(effect: number, freedom: number): number {
  return effect > 1 + 2 * Math.sqrt(2 / freedom) ? effect : 1;
}

function varianceOf(trials: number, share: number): number {
  return trials * share * (1 - share);
}

export function ratioOf({ hits, trials }: Share): number {
  return trials > 0 ? hits / trials : 0;
}

function baselineOf({ baseline }: Pair): Share {
  return baseline;
}

function canaryOf({ canary }: Pair): Share {
  return canary;
}

/** Divides both numbers by the design effect. */
export function effective({ hits, trials }: Share, effect: number): Share {
  return { hits: hits / effect, trials: trials / effect };
}

/**
 * The chance that so many of all hits are the canary's, if a trial of both generations hits as often. With the sum of hits
 * given, those of the canary are binomial: Przyborowski and Wilenski's test (Biometrika 31, 1940). For shares that are not small it is
 * more careful than Fisher's exact test, whose distribution is narrower.
 */
export function moreHits(canary: Share, baseline: Share): number {
  const trials = canary.trials + baseline.trials;
  if (trials <= 0) return 1;
  return binomialTail(canary.hits + baseline.hits, canary.hits, canary.trials / trials);
}
