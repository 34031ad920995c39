import type { Outcome } from '../../../contract/outcome.ts';
import type { Operation, Running } from '../fleet.ts';
import type { Step } from '../step.ts';

/** What an operation does at its turns. */
export interface Procedure<O extends Operation> {
  /** Its first turn. Returns why it cannot be done at all, if so. */
  begin(step: Step, operation: O): Failure | undefined;
  /** After every event: whatever can be done now. */
  advance(step: Step, running: Running, operation: O): Progress;
  /** It has ended, well or not; nothing that it booted beside is left. */
  ended(step: Step, running: Running, operation: O, outcome: Outcome): void;
}

export type ProcedureOf<Kind extends Operation['kind']> = Procedure<Operation & { readonly kind: Kind }>;

/** `waiting` for an event; an event is also what fails it. */
export type Progress = 'waiting' | 'done';

export type Failure = Extract<Outcome, { ok: false }>;
