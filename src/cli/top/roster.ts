import type { Status, WorkerStatus } from '../../control/controls.ts';

/** A place that a worker has, or could have. */
export interface Place {
  /** The key is the same in every sample. */
  readonly key: string;
  /** The title: `0`, `0 new` (will take over slot 0), `0 old` (finishes and leaves), `0 parked` (may get its slot back) or `spare`. */
  readonly title: string;
  /** Null for a spare. */
  readonly slot: number | null;
  readonly worker: WorkerStatus | null;
  /** The state of the worker, or of the slot where there is no worker. */
  readonly state: string;
}

/** An older primary does not tell its parked workers apart. */
type WithParked = Omit<Status, 'parked'> & Partial<Pick<Status, 'parked'>>;

/** Lists all workers of a server, and the slots without one, in the order of `prefork status`. */
export function roster({ slots, spares, leaving, parked = [] }: WithParked): Place[] {
  return [
    ...slots.flatMap(({ slot, state, worker, successor }) => [
      { key: `slot ${slot}`, title: `${slot}`, slot, worker, state: worker?.state ?? state },
      ...(successor === null ? [] : [placeOf(`${slot} new`, successor)]),
    ]),
    ...spares.map((worker) => placeOf('spare', worker)),
    ...parked.map((worker) => placeOf(`${worker.slot ?? ''} parked`.trim(), worker)),
    ...leaving.map((worker) => placeOf(`${worker.slot ?? ''} old`.trim(), worker)),
  ];
}

function placeOf(title: string, worker: WorkerStatus): Place {
  return { key: `pid ${worker.pid}`, title, slot: worker.slot, worker, state: worker.state };
}
