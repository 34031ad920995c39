/** Keeps workers that are booted, and wait for a slot. */
import { bootSpare } from './boot.ts';
import { spares, type Fleet, type Worker } from './fleet.ts';
import type { Asked } from '../exits/exit.ts';
import { backoff, crashStreak } from './respawn.ts';
import { retire } from './retire.ts';
import type { Step } from './step.ts';

/** Returns a spare that could take a slot now. */
export function standbySpare(fleet: Fleet): Worker | undefined {
  return spares(fleet).find(({ state, generation }) => state === 'standby' && isCurrent(fleet, generation));
}

/**
 * Whether a spare's code is the right one. After a failed reload, spares that booted before it are the ones whose code
 * is known to boot.
 */
function isCurrent({ generation: current, running, reloads }: Fleet, generation: number): boolean {
  const takesOld = running?.policy.takesOldSpares ?? true;
  return generation === current || (takesOld && reloads.last?.outcome.ok === false);
}

/** Runs after every event, and keeps as many spares as were asked for, booting or booted. The slots come first. */
export function keepSpares(step: Step): void {
  const { phase, isSpareWaiting } = step.fleet;
  if (phase !== 'serving' || isSpareWaiting) return;
  for (let count = spares(step.fleet).length; count < step.settings.spares; count++) bootSpare(step);
}

/** Ends the spares of the generations whose code is not wanted any more. */
export function dismissSpares(step: Step, asked: Asked, isUnwanted: (generation: number) => boolean): void {
  for (const spare of spares(step.fleet)) if (isUnwanted(spare.generation)) retire(step, spare, asked);
}

/** A spare has crashed. The next one is booted at once, or after a while if spares keep crashing. */
export function onSpareExit(step: Step, spare: Worker): void {
  const waited = spare.bootedAt === undefined ? undefined : step.at - spare.bootedAt;
  const spareStreak = crashStreak(step.fleet.spareStreak, { uptime: waited, isFromOutside: false });
  step.fleet = { ...step.fleet, spareStreak };
  const wait = backoff(spareStreak, step.settings.recoverInterval);
  // The crash may have been one too many. Then no spare is booted any more.
  if (wait === 0 || step.fleet.phase !== 'serving') return;
  step.fleet = { ...step.fleet, isSpareWaiting: true };
  step.arm({ timer: 'respawn-spares' }, wait);
}
