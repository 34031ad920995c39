/**
 * When a worker may receive traffic. Not when it has a listening socket: applications open a port for health checks first, and
 * the one that counts when their database is there; and code that is broken often breaks just after its first `listen`. Pure.
 */
import { isNewSlot, workerOf, type Fleet, type FleetSettings, type Slot, type Worker } from './fleet.ts';
import { STABLE_AFTER_MS } from './respawn.ts';

/** However often its predecessors died, a worker settles in this time, ms: by then it would count as stable. */
export const LONGEST_SETTLE_MS: number = STABLE_AFTER_MS;

/**
 * Whether the worker has booted: there is nothing left to wait for but that it lasts, and then it is ready.
 *
 * `listen`: it listens wherever the worker before it did, or says that it is ready where that one listened nowhere. `message`:
 * it says so. `start`: its code runs.
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

/** It has opened an address, or says that it needs none. */
export function hasComeUp({ addresses, hasSaidReady }: Worker): boolean {
  return addresses.size > 0 || hasSaidReady;
}

/** The addresses that the slot's worker serves, or served before it ended, and this one has yet to open. */
export function missing(fleet: Fleet, settings: FleetSettings, slot: Slot, worker: Worker): string[] {
  const incumbent = slot.worker === worker.id ? undefined : workerOf(fleet, slot.worker);
  const served = incumbent?.state === 'serving' ? servedBy(incumbent, settings) : slot.served;
  return served.filter((address) => !worker.addresses.has(address) && !fleet.dropped.includes(address));
}

/**
 * What the next worker in its place can be expected to open while it boots. An address that this one opened only later than a
 * boot may take is no part of that: no worker is kept waiting for it.
 */
export function servedBy({ addresses, neededAt }: Worker, { readyTimeout }: FleetSettings): string[] {
  return [...addresses].filter(([, since]) => since - neededAt <= readyTimeout).map(([address]) => address);
}

/** What every worker that serves has opened: a new slot's worker will, too. */
export function servedByAll(fleet: Fleet, settings: FleetSettings): readonly string[] {
  const serving = [...fleet.workers.values()].filter(({ state }) => state === 'serving');
  const [first = [], ...others] = serving.map((worker) => servedBy(worker, settings));
  return first.filter((address) => others.every((served) => served.includes(address)));
}

/**
 * How long it has to last before it is believed, ms. New code has to, and longer where workers of the same code died in the
 * slot. One that fills the place of a worker of the same code, which had served well, has not.
 */
export function settleTime(fleet: Fleet, { settle }: FleetSettings, slot: Slot, worker: Worker): number {
  const isKnown = slot.lastExit?.generation === worker.generation;
  const deaths = isKnown ? slot.streak : 0;
  if (isKnown && deaths === 0 && slot.worker === worker.id && !isNew(fleet, slot)) return 0;
  return Math.min(settle * 2 ** deaths, Math.max(settle, LONGEST_SETTLE_MS));
}

/** The slot has not served yet, or not in this server. */
function isNew(fleet: Fleet, slot: Slot): boolean {
  return fleet.phase === 'starting' || isNewSlot(fleet, slot);
}

/** It has served for so long that its end would be an accident, and not what its code does. */
export function isProven({ servingSince }: Worker, at: number): boolean {
  return servingSince !== undefined && at - servingSince >= STABLE_AFTER_MS;
}
