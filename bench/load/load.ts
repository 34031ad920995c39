/** What a load generator is asked for, and what it answers. */

export interface LoadRequest {
  /** wrk and autocannon resolve `localhost` themselves. */
  readonly url: string;
  readonly connections: number;
  readonly threads: number;
  readonly seconds: number;
  /** Seconds after which a request without an answer is given up. */
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly method: 'GET' | 'POST';
  /** A file with the body to post. */
  readonly bodyFile?: string;
}

/** Milliseconds at each of the percentiles. */
export type Latency = Readonly<Record<string, number>>;

export const PERCENTILES = [50, 75, 90, 95, 99, 99.5, 99.9, 99.99] as const;

export interface LoadErrors {
  readonly connect: number;
  readonly read: number;
  readonly write: number;
  /** Answers with another status than 2xx or 3xx. */
  readonly status: number;
  readonly timeout: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Of all answers, heads included; undefined when the generator does not say. */
  readonly bytes: number | undefined;
  readonly latency: Latency;
  readonly errors: LoadErrors;
}

export interface LoadGenerator {
  readonly name: string;
  version(): Promise<string>;
  command(request: LoadRequest): readonly [string, ...string[]];
  /** Of what the command printed. */
  parse(output: string): LoadResult;
}
