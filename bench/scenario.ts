/** What is measured: each scenario has a file in scenarios/. */

import type { LoadGenerator } from './load/load.ts';
import type { Grounds } from './server.ts';
import type { System } from './system.ts';

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

export interface Scenario {
  /** As `--only` takes it. */
  readonly name: string;
  readonly title: string;
  /** What is done, in one or two sentences, for the tables' heading. */
  readonly what: string;
  readonly columns: readonly Column[];
  /** Not in the quick form unless it is named. */
  readonly slow?: boolean;
  /** The systems that run in it unless some are named; absent: all that can. */
  readonly among?: readonly string[];
  /** Why the system cannot take part, in a word; undefined when it can. */
  skips(system: System): Promise<string | undefined>;
  measure(system: System, bench: Bench): Promise<Sample>;
  /** About how long one measurement takes beside starting and stopping, seconds; to say how long it all will take. */
  seconds(bench: Pick<Bench, 'quick' | 'seconds'>): number;
}
