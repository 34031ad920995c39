/** Tells the workers how the server as a whole is: whether it stops, and why it is not ready. */
import type { Worker, Fleet } from '../fleet.ts';
import { serverTerms } from './terms.ts';
import type { Step } from '../step.ts';

/** Tells all workers what has changed, before they hear what that means for them. */
export function informAll(step: Step, before: Fleet): void {
  const [then, now] = [before, step.fleet].map((fleet) => serverTerms(fleet, step.settings));
  if (then!.isStopping === now!.isStopping && then!.unready === now!.unready) return;
  const known = [...step.fleet.workers.values()].filter(({ pid }) => pid !== undefined);
  step.doFirst(...known.map(({ id }) => ({ do: 'inform', worker: id, ...now! }) as const));
}

/** A new worker takes the server for ready until it is told otherwise. */
export function informNew(step: Step, { id }: Worker): void {
  const terms = serverTerms(step.fleet, step.settings);
  if (terms.isStopping || terms.unready !== undefined) step.do({ do: 'inform', worker: id, ...terms });
}
