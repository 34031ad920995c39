import type { Status } from '../control/controls.ts';
import type { Row } from '../scoreboard/layout.ts';
import type { Family } from './family.ts';
import { sumOf, type Counts, type Totals } from './totals.ts';

/** The data from which the metrics are made, at one moment. */
export interface Snapshot {
  readonly status: Status;
  /** The rows of all workers that live, whatever they do. */
  readonly rows: readonly Row[];
  readonly totals: Pick<Totals, 'of' | 'slots' | 'exits'>;
  readonly queues: readonly Queue[];
  readonly limits: Limits;
  /** What the workers run that serve, each version and generation once. */
  readonly applications: readonly Application[];
  /** The metrics of prefork's own that the workers tell, merged. */
  readonly told: readonly Family[];
}

/** What some workers run. */
export interface Application {
  /** Undefined where it is not known. */
  readonly version: string | undefined;
  readonly generation: number;
}

/** Connections that the kernel holds for a listener's socket, and that no worker has accepted. */
export interface Queue {
  readonly address: string;
  /** The slot of the socket; undefined where all slots share it. */
  readonly slot: number | undefined;
  readonly length: number;
}

/** The limits of the cgroup; undefined where there is none. */
export interface Limits {
  /** The limit of CPU in cores. */
  readonly cpu: number | undefined;
  /** The limit of memory in bytes. */
  readonly memory: number | undefined;
}

/** Returns the slots that exist, and those that existed. */
export function slotsOf({ status, totals }: Snapshot): number[] {
  const slots = new Set([...status.slots.map(({ slot }) => slot), ...totals.slots]);
  return [...slots].toSorted((one, other) => one - other);
}

/** Returns the counts of all workers of a slot, with those that have ended. */
export function countsOf({ rows, totals }: Snapshot, slot: number): Counts {
  return sumOf([totals.of(slot), ...rows.filter((row) => row.slot === slot)]);
}
