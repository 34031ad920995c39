/** What a micro-benchmark has found: the time of an operation, beside that of the bare thing it is made of. */
export interface MicroResult {
  readonly name: string;
  /** Nanoseconds an operation: the median, and the quarter below and above. */
  readonly ns: number;
  readonly p25: number;
  readonly p75: number;
  /** The name of the result that this one is to be held to; absent for those themselves. */
  readonly bare?: string;
  /** Of prefork's own code: it is held to the baseline. */
  readonly ours?: boolean;
}
