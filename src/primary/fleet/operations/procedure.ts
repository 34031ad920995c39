/** Describes how an operation is done, in the types that the operations and their table share. */
import type { OperationKind } from '../../../contract/operations.ts';
import type { Outcome } from '../../../contract/outcome.ts';
import type { RecycleReason } from '../../exits/exit.ts';
import type { Running } from '../fleet.ts';
import type { Step } from '../step.ts';
import type { Failure, OperationTargets, Policy } from './operation.ts';

/** A row of the table of operations. */
export interface OperationRow<Kind extends OperationKind> extends Policy {
  readonly procedure: Procedure<Kind>;
  /** The limit that a worker which it retires had reached. */
  readonly limit?: (target: OperationTargets[Kind]) => RecycleReason;
  /** Makes one target of two that wait for their turn. When undefined, each has a turn of its own. */
  readonly join?: (waiting: OperationTargets[Kind], next: OperationTargets[Kind]) => OperationTargets[Kind];
  /** True when it is read first what the new workers are to run: the config file, files of variables, the release. */
  readonly renews?: true;
  /** True when a user has asked for it, and is told when it has to wait for its turn. */
  readonly tellsOfWaiting: boolean;
  /**
   * The signals that ask the next primary for the same, when an upgrade comes first and no client waits for an answer.
   */
  readonly signals: (target: OperationTargets[Kind]) => readonly NodeJS.Signals[];
}

/** What an operation does at its turns. */
export interface Procedure<Kind extends OperationKind> {
  /** Decides what cannot wait for its turn, at the time when it is asked for. @default it waits */
  admit?(step: Step, target: OperationTargets[Kind]): Admission;
  /** Whether it is worth a turn, at the time when it is asked for. @default always */
  isWelcome?(step: Step, target: OperationTargets[Kind]): boolean;
  /** Makes the first turn. Returns the reason if it cannot be done at all. */
  begin(step: Step, target: OperationTargets[Kind]): Failure | undefined;
  /** Does, after every event, what can be done now. */
  advance(step: Step, running: Running, target: OperationTargets[Kind]): Progress;
  /**
   * A worker that the operation owns has ended. An operation that can do without it makes the best of the rest.
   *
   * @returns whether it goes on. @default it fails
   */
  goesOnWithout?(step: Step, running: Running, target: OperationTargets[Kind], failure: Failure): boolean;
  /** The operation has ended, well or not. Nothing that it booted beside is left. */
  ended(step: Step, running: Running, target: OperationTargets[Kind], outcome: Outcome): void;
}

/**
 * What becomes of an operation when it is asked for. `first`: the operation that runs ends for it, and it is the next one.
 * `join`: the operation that runs does what was asked for, and its outcome is the answer. `wait`: it waits for its turn.
 */
export type Admission = 'first' | 'join' | 'wait' | Failure;

/** `waiting` means for an event. An event is also what fails the operation. */
export type Progress = 'waiting' | 'done';
