import type { Status } from '../control/controls.ts';
import type { Row } from '../scoreboard/layout.ts';
import type { Family } from './family.ts';
import { sumOf, type Counts, type Totals } from './totals.ts';

/** All that the metrics are made of, at one moment. */
export interface Snapshot {
  readonly status: Status;
  /** Of the workers that live, whatever they do. */
  readonly rows: readonly Row[];
  readonly totals: Pick<Totals, 'of' | 'slots' | 'exits'>;
  readonly queues: readonly Queue[];
  readonly limits: Limits;
  /** What the workers tell of prefork's own that they have, made one. */
  readonly told: readonly Family[];
}

/** Connections that the kernel holds for a listener's socket, and nobody has accepted. */
export interface Queue {
  readonly address: string;
  /** Undefined where all slots share the socket. */
  readonly slot: number | undefined;
  readonly length: number;
}

/** Of the cgroup; undefined where there is none. */
export interface Limits {
  /** Cores. */
  readonly cpu: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
}

/** Those that there are, and those that there were. */
export function slotsOf({ status, totals }: Snapshot): number[] {
  const slots = new Set([...status.slots.map(({ slot }) => slot), ...totals.slots]);
  return [...slots].toSorted((one, other) => one - other);
}

/** What all workers of a slot have counted. */
export function countsOf({ rows, totals }: Snapshot, slot: number): Counts {
  return sumOf([totals.of(slot), ...rows.filter((row) => row.slot === slot)]);
}
