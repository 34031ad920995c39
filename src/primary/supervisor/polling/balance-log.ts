import type { MovesByReason } from '../../../contract/moves.ts';
import { skewOf } from '../../../balance/skew.ts';
import type { Row } from '../../../scoreboard/layout.ts';
import type { WorkerId } from '../../fleet/ids.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { HandoffCounts } from '../../workers/handoffs.ts';
import type { Log } from '../../telemetry/log.ts';
import { connectionsOf } from '../connections.ts';

/** The time between two lines. */
const PERIOD_MS = 1000;

export interface BalanceLogParts {
  readonly log: Log;
  readonly row: (worker: WorkerId) => Row | undefined;
  readonly handoffs: () => HandoffCounts;
  readonly moves: () => MovesByReason;
}

/** Logs how even the slots' connections are, every now and then, when anything changed. */
export class BalanceLog {
  readonly #parts: BalanceLogParts;
  #due = 0;
  #last = '';

  constructor(parts: BalanceLogParts) {
    this.#parts = parts;
  }

  /** @param now the monotonic time, ms. */
  write(fleet: Fleet, now: number): void {
    if (now < this.#due) return;
    this.#due = now + PERIOD_MS;
    const connections = connectionsOf(fleet, this.#parts.row);
    const { taken: done, refused, failed } = this.#parts.handoffs();
    const moved = Object.entries(this.#parts.moves()).map(([reason, { taken }]) => `${reason}:${taken}`);
    const skew = skewOf(connections).toFixed(2);
    const fields = { connections: connections.join(','), skew, done, refused, failed, moved: moved.join(',') };
    const text = Object.values(fields).join(' ');
    if (text === this.#last) return;
    this.#last = text;
    this.#parts.log('connections', fields);
  }
}
