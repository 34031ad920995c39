/**
 * The worker that serves an accepted connection. `kernel`: the worker that accepted it. `least-connections`: another
 * one that has fewer. `sticky-ip`: the one that the client belongs to.
 */
export type Balance = 'kernel' | 'least-connections' | 'sticky-ip';

/** The number of slots that a row of the scoreboard can tell of: see `PAIRS`. */
const MOST_WORKERS = 128;

export interface BalanceCircumstances {
  readonly sharing: 'reuseport' | 'shared' | 'round-robin';
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
  if (workers > MOST_WORKERS) return `works with up to ${MOST_WORKERS} workers, not ${workers}`;
  return hasBoard ? undefined : 'needs the scoreboard, for which no directory was found: see the warning before';
}
