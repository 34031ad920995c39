/**
 * Boots the first workers of slots: all at the start, new ones when the number grows. A boot keeps a core busy, and
 * workers that boot side by side on few cores are all late. So no more than `maxBoots` boot at a time.
 *
 * With a compile cache, the first worker of a generation boots alone. It writes what Node compiled, and those after it read that.
 */
import { fill } from './boot.ts';
import type { Fleet, FleetSettings } from './fleet.ts';
import type { Step } from './step.ts';

/** These slots have had no worker yet, and get one when it is their turn. */
export function bootInTurn(step: Step, slots: readonly number[]): void {
  step.fleet = { ...step.fleet, unfilled: [...step.fleet.unfilled, ...slots] };
}

/** Runs after every event, and boots as many as may boot now. */
export function keepBooting(step: Step): void {
  const { phase } = step.fleet;
  if (phase !== 'starting' && phase !== 'serving' && phase !== 'delaying') return;
  while (step.fleet.unfilled.length > 0 && booting(step.fleet) < mostBoots(step, step.settings.maxBoots)) {
    const [index, ...rest] = step.fleet.unfilled;
    step.fleet = { ...step.fleet, unfilled: rest };
    fill(step, step.fleet.slots[index!]!, step.fleet.isAccompanied);
  }
}

/** Returns how many workers of the current generation may boot at a time, where `most` may once it is warm. */
export function mostBoots({ fleet, settings }: { fleet: Fleet; settings: FleetSettings }, most: number): number {
  return settings.compileCache !== undefined && !isWarm(fleet) ? 1 : most;
}

/** Whether a worker of the current generation has booted, and written what Node compiled. */
function isWarm({ workers, generation }: Fleet): boolean {
  return [...workers.values()].some((worker) => worker.generation === generation && worker.bootedAt !== undefined);
}

/** Counts the workers of slots that have not booted yet. One that settles needs no core any more. */
function booting({ workers }: Fleet): number {
  return [...workers.values()].filter(
    ({ slot, state, bootedAt }) =>
      slot !== undefined && bootedAt === undefined && (state === 'booting' || state === 'taking'),
  ).length;
}
