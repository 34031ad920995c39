/**
 * Handles a worker that sends what no healthy worker sends. It runs code that is not ours, or not the application's any
 * more. Such messages are dropped. When they go on, the worker is killed, and replaced like one that crashed.
 */
import type { Offence } from './events.ts';
import type { WorkerId } from './ids.ts';
import { workerOf } from './fleet.ts';
import { kill } from './retire.ts';
import type { Step } from './step.ts';

/**
 * The number of offences for which a worker is killed. A single one may be a mistake of the application, such as a
 * message to its parent that looks like Node's own.
 */
export const MOST_OFFENCES = 3;

/** The number of characters of such a message that are logged: enough to find out what it was. */
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
    // JSON cannot express this value.
    return typeof body;
  }
}
