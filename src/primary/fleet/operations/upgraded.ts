/** What comes of the operation `upgrade`, which the next primary tells. */
import type { FleetEvent } from '../events.ts';
import { handOver } from '../stop.ts';
import type { Step } from '../step.ts';
import { abort, complete, passOn } from './operations.ts';

type Upgraded = Extract<FleetEvent, { type: 'upgraded' }>;
type UpgradeFailed = Extract<FleetEvent, { type: 'upgrade-failed' }>;

/** The next primary serves: this one drains and goes, and what waits for it is done. */
export function onUpgraded(step: Step, { pid, generation, takes = false }: Upgraded): void {
  if (!isUpgrading(step)) return;
  step.tell('upgraded', { pid });
  step.do({ do: 'announce', what: 'upgraded', pid });
  complete(step, generation);
  passOn(step, pid);
  handOver(step, takes);
}

export function onUpgradeFailed(step: Step, { reason, stderr }: UpgradeFailed): void {
  if (isUpgrading(step)) abort(step, { ok: false, reason, stderr });
}

function isUpgrading({ fleet: { running } }: Step): boolean {
  return running?.operation.kind === 'upgrade';
}
