/** What an operation is to the fleet: plain types, which the fleet, the operations and their table share. */
import type { AskedTargets, OperationKind } from '../../../contract/operations.ts';
import type { Outcome } from '../../../contract/outcome.ts';
import type { Asked, RecycleReason } from '../../exits/exit.ts';
import type { RequestId, WorkerId } from '../events.ts';
import type { Running } from '../fleet.ts';
import type { Step } from '../step.ts';

/** What each operation is asked with. */
export interface OperationTargets extends AskedTargets {
  readonly recycle: { readonly worker: WorkerId; readonly reason: RecycleReason };
}

/** Asked for, by those who wait for its outcome. */
export type OperationOf<Kind extends OperationKind> = {
  readonly [One in Kind]: {
    readonly kind: One;
    readonly target: OperationTargets[One];
    readonly requests: readonly RequestId[];
  };
}[Kind];

export type Operation = OperationOf<OperationKind>;

/** What the rest of the fleet has to know of the operation that runs. */
export interface Policy {
  /** What the worker whose slot a new worker has taken is retired for. */
  readonly retires: Asked;
  /** That worker is parked first, and may get its slot back, until the operation is over. */
  readonly parks: boolean;
  /** Whose crash fails the operation: workers of the code that it loads, of the slots that it makes, or the successors alone. */
  readonly owns: 'new code' | 'new slots' | 'successors';
  /** After a reload that failed, spares from before it may take a slot. */
  readonly takesOldSpares: boolean;
}

/** One row of the table of operations. */
export interface OperationRow<Kind extends OperationKind> extends Policy {
  readonly procedure: Procedure<Kind>;
  /** Which limit a worker that it retires had reached. */
  readonly limit?: (target: OperationTargets[Kind]) => RecycleReason;
  /** Makes one of two that wait for their turn; undefined: each has a turn of its own. */
  readonly join?: (waiting: OperationTargets[Kind], next: OperationTargets[Kind]) => OperationTargets[Kind];
  /** Somebody has asked for it, and is told when it has to wait for its turn. */
  readonly tellsOfWaiting: boolean;
  /** What asks the next primary for the same, when an upgrade comes first and nobody waits for an answer. */
  readonly signals: (target: OperationTargets[Kind]) => readonly NodeJS.Signals[];
}

/** What an operation does at its turns. */
export interface Procedure<Kind extends OperationKind> {
  /** Whether it is worth a turn, when it is asked for. @default always */
  isWelcome?(step: Step, target: OperationTargets[Kind]): boolean;
  /** Its first turn. Returns why it cannot be done at all, if so. */
  begin(step: Step, target: OperationTargets[Kind]): Failure | undefined;
  /** After every event: whatever can be done now. */
  advance(step: Step, running: Running, target: OperationTargets[Kind]): Progress;
  /** It has ended, well or not; nothing that it booted beside is left. */
  ended(step: Step, running: Running, target: OperationTargets[Kind], outcome: Outcome): void;
}

/** `waiting` for an event; an event is also what fails it. */
export type Progress = 'waiting' | 'done';

export type Failure = Extract<Outcome, { ok: false }>;
