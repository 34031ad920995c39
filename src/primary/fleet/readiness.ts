/**
 * Decides when a worker may receive traffic. A listening socket is not enough. Applications open a port for health
 * checks first, and the one that counts when their database is there. And broken code often breaks just after its first
 * `listen`. The functions are pure.
 */
import { isNewSlot, workerOf, type Fleet, type FleetSettings, type Slot, type Worker } from './fleet.ts';
import { STABLE_AFTER_MS } from './respawn.ts';

/**
 * The longest time in which a worker settles, however often its predecessors died. By then it would count as stable.
 */
export const LONGEST_SETTLE_MS: number = STABLE_AFTER_MS;

/**
 * Whether the worker has booted. It then only has to last, and is ready after that.
 *
 * With `listen`, it has to listen at every address of the worker before it. If there was none, it has to listen
 * anywhere, or to say that it is ready. With `message`, it has to say so. With `start`, its code has to run.
 */
export function hasBooted(fleet: Fleet, settings: FleetSettings, slot: Slot, worker: Worker): boolean {
  switch (settings.ready) {
    case 'start':
    case 'message':
      return worker.hasSaidReady;
    case 'listen':
      return hasComeUp(worker) && missing(fleet, settings, slot, worker).length === 0;
  }
}

/** Whether the worker has opened an address, or says that it needs none. */
export function hasComeUp({ addresses, hasSaidReady }: Worker): boolean {
  return addresses.size > 0 || hasSaidReady;
}

/** Returns the addresses that the slot's worker serves, or served before it ended, and this worker has yet to open. */
export function missing(fleet: Fleet, settings: FleetSettings, slot: Slot, worker: Worker): string[] {
  const incumbent = slot.worker === worker.id ? undefined : workerOf(fleet, slot.worker);
  const served = incumbent?.state === 'serving' ? servedBy(incumbent, settings) : slot.served;
  return served.filter((address) => !worker.addresses.has(address) && !fleet.dropped.includes(address));
}

/**
 * Returns the addresses that the next worker in this one's place can be expected to open while it boots. An address
 * that this one opened later than a boot may take is left out, so no worker is kept waiting for it.
 */
export function servedBy({ addresses, neededAt }: Worker, { readyTimeout }: FleetSettings): string[] {
  return [...addresses].filter(([, since]) => since - neededAt <= readyTimeout).map(([address]) => address);
}

/** Returns the addresses that every serving worker has opened: a new slot's worker will open them too. */
export function servedByAll(fleet: Fleet, settings: FleetSettings): readonly string[] {
  const serving = [...fleet.workers.values()].filter(({ state }) => state === 'serving');
  const [first = [], ...others] = serving.map((worker) => servedBy(worker, settings));
  return first.filter((address) => others.every((served) => served.includes(address)));
}

/**
 * Returns how long a worker has to last before it is believed, ms. New code has to last, and longer where workers of
 * the same code died in the slot. A worker need not, when it takes the place of one of the same code that had served
 * well.
 */
export function settleTime(fleet: Fleet, { settle }: FleetSettings, slot: Slot, worker: Worker): number {
  const isKnown = slot.lastExit?.generation === worker.generation;
  const deaths = isKnown ? slot.streak : 0;
  if (isKnown && deaths === 0 && slot.worker === worker.id && !isNew(fleet, slot)) return 0;
  return Math.min(settle * 2 ** deaths, Math.max(settle, LONGEST_SETTLE_MS));
}

/** Whether the slot has not served yet, or not in this server. */
function isNew(fleet: Fleet, slot: Slot): boolean {
  return fleet.phase === 'starting' || isNewSlot(fleet, slot);
}

/** Whether the worker has served for so long that its end would be an accident, and not the work of its code. */
export function isProven({ servingSince }: Worker, at: number): boolean {
  return servingSince !== undefined && at - servingSince >= STABLE_AFTER_MS;
}
