/** Decides whether the server as a whole is ready. The functions are pure. */
import type { ServerTerms } from '../../../ipc/messages.ts';
import { servingSlots, type Fleet, type FleetSettings } from '../fleet.ts';

/** Returns why the server as a whole is not ready; undefined when it is. */
export function whyNotReady(fleet: Fleet, { readyShare }: Pick<FleetSettings, 'readyShare'>): string | undefined {
  switch (fleet.phase) {
    case 'idle':
    case 'starting':
      return 'starting';
    case 'serving': {
      const serving = servingSlots(fleet);
      const all = fleet.slots.length;
      if (serving === 0) return 'no worker serves';
      return serving * 100 < readyShare * all ? `${serving} of ${all} workers serve` : undefined;
    }
    case 'delaying':
    case 'stopping':
    case 'stopped':
      return 'stopping';
  }
}

/**
 * Returns what workers are told of the server as a whole. Those of a primary that was succeeded are told nothing: the next one
 * serves.
 */
export function serverTerms(fleet: Fleet, settings: FleetSettings): ServerTerms {
  const isStopping = fleet.phase === 'delaying' || fleet.phase === 'stopping' || fleet.phase === 'stopped';
  if (isStopping && fleet.stop?.isByUser === false) return { isStopping: false };
  // In an upgrade the old primary's workers serve beside those that start.
  const isWhole = fleet.phase === 'starting' && fleet.isAccompanied;
  const unready = settings.healthPath === undefined || isWhole ? undefined : whyNotReady(fleet, settings);
  return { isStopping, ...(unready !== undefined && { unready }) };
}
