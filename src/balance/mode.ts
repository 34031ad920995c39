import { MOST_BALANCED_WORKERS } from '../contract/limits.ts';
import type { Balance, Sharing } from '../contract/modes.ts';

export interface BalanceCircumstances {
  readonly sharing: Sharing;
  readonly workers: number;
  /** Without a scoreboard, workers know nothing of each other. */
  readonly hasBoard: boolean;
  /** Whether connections may change their worker. */
  readonly migrate: boolean;
}

/**
 * The mode asked for; `auto` is `kernel` where connections cannot move.
 *
 * @throws Error that says why the wanted mode does not work.
 */
export function chooseBalance(wanted: Balance, circumstances: BalanceCircumstances): Balance {
  if (wanted === 'kernel') return wanted;
  const missing = whatIsMissing(circumstances);
  if (wanted === 'auto') return missing === undefined && circumstances.migrate ? 'auto' : 'kernel';
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

/** Whether a worker gives away what it has more than its share of. */
export function isLevelled(balance: Balance, migrate: boolean): boolean {
  return migrate && (balance === 'auto' || balance === 'least-connections');
}
