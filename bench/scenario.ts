/** What is measured: each scenario has a file in scenarios/. */

import type { LoadGenerator } from './load/load.ts';
import type { Grounds, Server } from './server.ts';
import type { App, System } from './system.ts';

/** A figure of a scenario: a column of its table. */
export interface Column {
  readonly key: string;
  readonly title: string;
  readonly better: 'higher' | 'lower';
  /** Digits after the point. */
  readonly digits: number;
  /** Whether the tables show it as a ratio to the references as well. */
  readonly ratio?: boolean;
}

/** Everything that came of one system in one round. Keys are those of the columns, and some that only the JSON has. */
export type Figures = Readonly<Record<string, number>>;

export interface Sample {
  readonly figures: Figures;
  /** What does not fit a number: the connections of each worker, the latency distribution. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** What was run, with the ports and directories of this round. */
  readonly commands: readonly string[];
}

/** What a scenario gets to work with. */
export interface Bench extends Grounds {
  readonly load: LoadGenerator;
  /** The short form: less of everything. */
  readonly quick: boolean;
  /** Seconds of each timed run, when the command line says so. */
  readonly seconds: number | undefined;
}

interface Described {
  /** As `--only` takes it. */
  readonly name: string;
  readonly title: string;
  /** What is done, in one or two sentences, for the tables' heading. */
  readonly what: string;
  readonly columns: readonly Column[];
  /** Not in the quick form unless it is named. */
  readonly slow?: boolean;
  /**
   * It needs no other scenario beside it, because it counts, or compares prefork with itself: a run of it alone is published, and
   * it is not a part of a whole run.
   */
  readonly apart?: boolean;
  /** The systems that run in it unless some are named; absent: all that can. */
  readonly among?: readonly string[];
  /** The systems that its table shows ratios to; absent: one process and node:cluster. */
  readonly references?: readonly string[];
  /** In the first so many rounds only; absent: in all. */
  readonly rounds?: number;
  /** Why the system cannot take part, in a word; undefined when it can. */
  skips(system: System): Promise<string | undefined>;
  /**
   * About how long one measurement takes beside starting and stopping once, seconds; to say how long it all will take.
   *
   * @param startSeconds how long starting and stopping take, for those that do it more often.
   */
  seconds(lengths: Lengths, startSeconds: number): number;
}

export type Lengths = Pick<Bench, 'quick' | 'seconds'>;

/** Measured on a server that is up and does nothing. Those with the same stage next to each other share its start. */
export interface Staged extends Described {
  readonly stage: App;
  measure(server: Server, bench: Bench): Promise<Sample>;
}

/** Starts the system itself, because the start is the matter or because it leaves a server that is not as before. */
export interface Alone extends Described {
  readonly stage?: undefined;
  measure(system: System, bench: Bench): Promise<Sample>;
}

export type Scenario = Staged | Alone;
