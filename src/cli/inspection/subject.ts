/** Chooses the worker to inspect. This module is pure. */
import { PreforkError, UsageError } from '../../errors.ts';
import type { SlotStatus, Status } from '../../control/controls.ts';
import { quote } from '../../options/quote.ts';

export interface Subject {
  readonly slot: number;
  readonly pid: number;
  readonly generation: number;
  /** True when the event loop does not turn. */
  readonly isStuck: boolean;
  /** The pid of the primary. */
  readonly primary: number;
}

/** This text completes `expected ...`. */
export const SLOT = 'a slot, as prefork status shows them';

/**
 * Parses the argument of a command.
 *
 * @throws UsageError for text that is not a slot number.
 */
export function parseSlot(verb: string, text: string | undefined): number {
  if (text !== undefined && /^\d{1,4}$/.test(text)) return Number(text);
  throw new UsageError(`${verb}: expected ${SLOT}${text === undefined ? '' : `, got ${quote(text)}`}`);
}

/**
 * Finds the worker of a slot.
 *
 * @throws PreforkError `ERR_NOT_DONE` when there is no such slot, or no process in it.
 */
export function subjectOf({ pid: primary, slots }: Status, slot: number): Subject {
  const found = slots.find((one) => one.slot === slot);
  if (found === undefined) throw new PreforkError('ERR_NOT_DONE', `there is no slot ${slot}: ${slotList(slots)}`);
  const { worker, state } = found;
  if (worker === null || worker.pid === null) {
    throw new PreforkError('ERR_NOT_DONE', `slot ${slot} has no worker now (${state}): ${lastWords(found)}`);
  }
  const { pid, generation, state: workerState } = worker;
  return { slot, pid, generation, isStuck: workerState === 'hung', primary };
}

/** The fields as the log prints them. */
export function describe({ slot, pid, generation }: Subject): string {
  return `slot=${slot} gen=${generation} pid=${pid}`;
}

function slotList(slots: readonly SlotStatus[]): string {
  if (slots.length === 1) return 'there is only slot 0';
  return slots.length === 0 ? 'there are none yet' : `there are 0 to ${slots.length - 1}`;
}

function lastWords({ lastExit }: SlotStatus): string {
  return lastExit === null ? 'no worker has ended yet' : `the last one ended, ${lastExit.text}`;
}
