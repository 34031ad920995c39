/**
 * A worker that says what no worker says. It runs code that is not ours, or not the application's any more: what it says is
 * dropped, and when that goes on it is killed, and replaced like one that crashed.
 */
import type { Offence, WorkerId } from './events.ts';
import { workerOf } from './fleet.ts';
import { kill } from './retire.ts';
import type { Step } from './step.ts';

/** Once may be a mistake of the application's, such as a message to its parent that looks like Node's own. */
export const MOST_OFFENCES = 3;

/** Of what was said, characters: enough to find out what it was. */
const LONGEST_BODY = 200;

export function onOffended(step: Step, id: WorkerId, { what, body, isLast }: Offence): void {
  const worker = workerOf(step.fleet, id);
  if (worker === undefined || worker.expelledFor !== undefined) return;
  const said = body === undefined ? undefined : abbreviate(body);
  if (worker.offences === 0) step.tell('bad message', { worker, why: what, body: said });
  const changed = { ...worker, offences: worker.offences + 1, ...(isLast && { expelledFor: what }) };
  step.change(changed, {});
  if (!isLast) return;
  step.tell('worker expelled', { worker, why: what });
  kill(step, changed);
}

function abbreviate(body: unknown): string {
  try {
    return (JSON.stringify(body) ?? typeof body).slice(0, LONGEST_BODY);
  } catch {
    // Nested too deep for it.
    return typeof body;
  }
}
