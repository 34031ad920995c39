/**
 * Measures how much code does, and not how long it takes, so that a test of its growth gives the same result on a busy
 * machine. V8's own counters tell how often each block runs. Replaced built-in functions tell how many bytes and
 * characters the loops inside them pass.
 */
import { Session } from 'node:inspector';

interface Coverage {
  readonly result: ReadonlyArray<{
    readonly url: string;
    readonly functions: ReadonlyArray<{ readonly ranges: ReadonlyArray<{ readonly count: number }> }>;
  }>;
}

type Native = (this: { length: number }, ...args: unknown[]) => unknown;

/** The number of units that a call passes. */
type Units = (self: { length: number }, result: unknown, args: readonly unknown[]) => number;

/** The built-in functions that hide a loop. */
const natives: ReadonlyArray<readonly [owner: object, name: string, work: Units]> = [
  [Buffer.prototype, 'copy', (_self, copied) => copied as number],
  [Buffer.prototype, 'latin1Slice', lengthOf],
  [Buffer.prototype, 'utf8Slice', lengthOf],
  [Buffer, 'concat', lengthOf],
  [Buffer, 'from', lengthOf],
  [String.prototype, 'slice', lengthOf],
  [String.prototype, 'toLowerCase', lengthOf],
  [String.prototype, 'indexOf', distance],
  ...['split', 'includes', 'replace', 'replaceAll', 'startsWith', 'endsWith'].map(
    (name) => [String.prototype, name, (self: { length: number }) => self.length] as const,
  ),
  [RegExp.prototype, 'test', () => 1],
];

export class Work {
  readonly #session = new Session();
  readonly #counts: (url: string) => boolean;
  #passed = 0;

  /**
   * Starts to count.
   *
   * @param counts chooses the scripts that count.
   */
  constructor(counts: (url: string) => boolean) {
    this.#counts = counts;
    for (const [owner, name, work] of natives) this.#watch(owner as Record<string, Native>, name, work);
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Counts the blocks that run, and the units that pass, in `run`. */
  async of(run: () => unknown): Promise<number> {
    this.#take();
    this.#passed = 0;
    await run();
    return this.#take() + this.#passed;
  }

  #take(): number {
    let count = 0;
    // Within one thread the session answers at once.
    this.#session.post('Profiler.takePreciseCoverage', (error: Error | null, coverage) => {
      if (error !== null) throw error;
      count = this.#sum(coverage);
    });
    return count;
  }

  #sum({ result }: Coverage): number {
    const counted = result.filter(({ url }) => this.#counts(url));
    return counted
      .flatMap(({ functions }) => functions)
      .flatMap(({ ranges }) => ranges)
      .reduce((sum, { count }) => sum + count, 0);
  }

  #watch(owner: Record<string, Native>, name: string, work: Units): void {
    const original = owner[name]!;
    const passed = (units: number): void => void (this.#passed += units);
    owner[name] = function (...args) {
      const result = Reflect.apply(original, this, args);
      passed(work(this, result, args));
      return result;
    };
  }
}

function lengthOf(_self: unknown, result: unknown): number {
  return (result as { length: number }).length;
}

function distance({ length }: { length: number }, found: unknown, [, from = 0]: readonly unknown[]): number {
  return ((found as number) < 0 ? length : (found as number)) - (from as number);
}
