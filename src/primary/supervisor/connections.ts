import type { Row } from '../../scoreboard/layout.ts';
import type { WorkerId } from '../fleet/ids.ts';
import type { Fleet } from '../fleet/fleet.ts';

/** Returns the open connections by slot, for slots whose worker tells them. */
export function connectionsOf({ slots }: Fleet, row: (worker: WorkerId) => Row | undefined): number[] {
  return slots.flatMap(({ worker }) => (worker === undefined ? [] : (row(worker)?.connectionsOpen ?? [])));
}
