import { MOST_BALANCED_WORKERS } from '../contract/limits.ts';
import type { Balance, Sharing } from '../contract/modes.ts';

export interface BalanceCircumstances {
  readonly sharing: Sharing;
  readonly workers: number;
  /** Without a scoreboard, workers know nothing of each other. */
  readonly hasBoard: boolean;
}

/**
 * Chooses the mode. `auto` leaves the choice of the worker to the kernel. Handoffs make a server with few connections
 * more even, but measurements have not yet settled what they cost a server with many short ones (docs/balance.md).
 *
 * @throws Error that says why the wanted mode does not work.
 */
export function chooseBalance(wanted: Balance | 'auto', circumstances: BalanceCircumstances): Balance {
  if (wanted === 'kernel' || wanted === 'auto') return 'kernel';
  const missing = whatIsMissing(circumstances);
  if (missing === undefined) return wanted;
  throw new Error(`--balance ${wanted} ${missing}`);
}

function whatIsMissing({ sharing, workers, hasBoard }: BalanceCircumstances): string | undefined {
  if (sharing === 'round-robin') {
    return 'needs workers that accept by themselves (--sharing reuseport or shared); with round-robin the primary does';
  }
  if (workers > MOST_BALANCED_WORKERS) return `works with up to ${MOST_BALANCED_WORKERS} workers, not ${workers}`;
  return hasBoard ? undefined : 'needs the scoreboard, for which no directory was found: see the warning before';
}
