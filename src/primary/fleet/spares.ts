/** Workers that are booted, and wait for a slot. */
import { bootSpare } from './boot.ts';
import { spares, type Fleet, type Worker } from './fleet.ts';
import { backoff, crashStreak } from './respawn.ts';
import type { Step } from './step.ts';

/** One that could take a slot now. */
export function standbySpare(fleet: Fleet): Worker | undefined {
  return spares(fleet).find(({ state, generation }) => state === 'standby' && isCurrent(fleet, generation));
}

/** After a reload that failed, those that were booted before it are the ones whose code is known to boot. */
function isCurrent({ generation: current, running, reloads }: Fleet, generation: number): boolean {
  const takesOld = running?.policy.takesOldSpares ?? true;
  return generation === current || (takesOld && reloads.last?.outcome.ok === false);
}

/** After every event: there are as many as were asked for, booting or booted. The slots come first. */
export function keepSpares(step: Step): void {
  const { phase, isSpareWaiting } = step.fleet;
  if (phase !== 'serving' || isSpareWaiting) return;
  for (let count = spares(step.fleet).length; count < step.settings.spares; count++) bootSpare(step);
}

/** A spare has crashed: the next one is booted at once, or after a while if spares keep crashing. */
export function onSpareExit(step: Step, spare: Worker): void {
  const waited = spare.bootedAt === undefined ? undefined : step.at - spare.bootedAt;
  const spareStreak = crashStreak(step.fleet.spareStreak, { uptime: waited, isFromOutside: false });
  step.fleet = { ...step.fleet, spareStreak };
  const wait = backoff(spareStreak, step.settings.recoverInterval);
  // Its crash may have been one too many: then no spare is booted any more.
  if (wait === 0 || step.fleet.phase !== 'serving') return;
  step.fleet = { ...step.fleet, isSpareWaiting: true };
  step.arm({ timer: 'respawn-spares' }, wait);
}
