/**
 * Boots the first workers of slots: all at the start, new ones when the number grows. A boot keeps a core busy, and
 * workers that boot side by side on few cores are all late. So no more than `maxBoots` boot at a time. A worker that waits
 * for something outside, such as a database, keeps no core busy, and does not count.
 *
 * With a compile cache, the first worker of a generation boots alone. It writes what Node compiled, and those after it read that.
 */
import { fill } from './boot.ts';
import type { WorkerId } from './ids.ts';
import { workerOf, type Fleet, type FleetSettings, type Worker } from './fleet.ts';
import type { Step } from './step.ts';

/** These slots have had no worker yet, and get one when it is their turn. */
export function bootInTurn(step: Step, slots: readonly number[]): void {
  step.fleet = { ...step.fleet, unfilled: [...step.fleet.unfilled, ...slots] };
}

/** Runs after every event, and boots as many as may boot now. */
export function keepBooting(step: Step): void {
  const { phase } = step.fleet;
  if (phase !== 'starting' && phase !== 'serving' && phase !== 'delaying') return;
  while (step.fleet.unfilled.length > 0 && mayBootAnother(step)) {
    const [index, ...rest] = step.fleet.unfilled;
    step.fleet = { ...step.fleet, unfilled: rest };
    fill(step, step.fleet.slots[index!]!, step.fleet.isAccompanied);
  }
}

export function onIdle(step: Step, id: WorkerId): void {
  const worker = workerOf(step.fleet, id);
  if (worker !== undefined && !worker.isIdle) step.change(worker, { isIdle: true });
}

/** The first worker of a generation boots alone to its end, also while it waits: before that the cache is not written. */
function mayBootAnother(step: Step): boolean {
  const most = mostBoots(step, step.settings.maxBoots);
  const booting = bootingWorkers(step.fleet);
  const counted = most < step.settings.maxBoots ? booting : booting.filter(({ isIdle }) => !isIdle);
  return counted.length < most;
}

/** Returns how many workers of the current generation may boot at a time, where `most` may once it is warm. */
export function mostBoots({ fleet, settings }: { fleet: Fleet; settings: FleetSettings }, most: number): number {
  return settings.compileCache !== undefined && !isWarm(fleet) ? 1 : most;
}

/** Returns how long the first workers of so many slots may take to boot, one after another: the ready timeout for each turn, ms. */
export function longestFirstBoots(
  workers: number,
  { maxBoots, compileCache, readyTimeout }: Pick<FleetSettings, 'maxBoots' | 'compileCache' | 'readyTimeout'>,
): number {
  const alone = compileCache === undefined ? 0 : 1;
  return (alone + Math.ceil((workers - alone) / maxBoots)) * readyTimeout;
}

/** Whether a worker of the current generation has booted, and written what Node compiled. */
function isWarm({ workers, generation }: Fleet): boolean {
  return [...workers.values()].some((worker) => worker.generation === generation && worker.bootedAt !== undefined);
}

/** Returns the workers of slots that have not booted yet. One that settles needs no core any more. */
function bootingWorkers({ workers }: Fleet): Worker[] {
  return [...workers.values()].filter(
    ({ slot, state, bootedAt }) =>
      slot !== undefined && bootedAt === undefined && (state === 'booting' || state === 'taking'),
  );
}
