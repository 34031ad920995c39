/** Describes what an operation is to the fleet, in plain types that the fleet and the operations share. */
import type { ScaleReason } from '../../../contract/autoscaling.ts';
import type { AskedTargets, OperationKind, ScaleTarget } from '../../../contract/operations.ts';
import type { Outcome } from '../../../contract/outcome.ts';
import type { Asked, RecycleReason } from '../../exits/exit.ts';
import type { RequestId, WorkerId } from '../ids.ts';

/** The target with which each operation is asked for. */
export interface OperationTargets extends AskedTargets {
  /**
   * With `reason`, autoscaling asks, and not a person. With `park`, workers of slots that go are not retired but parked,
   * for that time, ms.
   */
  readonly scale: ScaleTarget & {
    readonly reason?: ScaleReason;
    readonly demand?: number | undefined;
    readonly park?: number;
  };
  readonly recycle: { readonly worker: WorkerId; readonly reason: RecycleReason };
  /** `why` is for the log. */
  readonly rollback: { readonly why?: string };
}

/** An operation that was asked for, with the requests that wait for its outcome. */
export type OperationOf<Kind extends OperationKind> = {
  readonly [One in Kind]: {
    readonly kind: One;
    readonly target: OperationTargets[One];
    readonly requests: readonly RequestId[];
    /** The operation that was ended for it. */
    readonly instead?: OperationKind;
    /** The outcome of the reload whose rest it is. Those who asked for the reload are told of both. */
    readonly after?: Success;
  };
}[Kind];

export type Operation = OperationOf<OperationKind>;

/** What the rest of the fleet has to know of the operation that runs. */
export interface Policy {
  /** The reason for which a worker is retired when a new worker has taken its slot. */
  readonly retires: Asked;
  /** True when that worker is parked first, and may get its slot back, until the operation is over. */
  readonly parks: boolean;
  /**
   * The workers whose crash fails the operation: those of the code that it loads, those of the slots that it makes, or
   * the successors alone.
   */
  readonly owns: 'new code' | 'new slots' | 'successors';
  /** True when spares from before a failed reload may take a slot. */
  readonly takesOldSpares: boolean;
}

export type Success = Extract<Outcome, { ok: true }>;
export type Failure = Extract<Outcome, { ok: false }>;
