/** What has to be there before the first worker is started, or has to be refused before. */
import { chooseBalance, type Balance } from '../balance/mode.ts';
import { UsageError } from '../errors.ts';
import { chooseSharing, type SharingChoice } from '../listeners/sharing.ts';
import type { LibraryOptions, Settings } from '../options/index.ts';
import { Board, sweepStale } from '../scoreboard/board.ts';
import type { Log } from './log.ts';
import type { Account } from './users.ts';

/** Rows are for old workers beside new ones in a reload, and for scaling up: a worker without one has no figures. */
const ROWS_PER_WORKER = 4;
const FEWEST_ROWS = 64;

export interface Prepared {
  /** With `maxMemory` as it is in force. */
  readonly settings: Settings;
  readonly sharing: SharingChoice;
  readonly balance: Balance;
  /** Whom workers run as; undefined: as the primary does. */
  readonly account: Account | undefined;
  /** Undefined where no file could be made. Its closing is the caller's. */
  readonly board: Board | undefined;
}

/** @throws UsageError when what is asked for cannot be had here. */
export async function prepare(settings: Settings, options: LibraryOptions, log: Log): Promise<Prepared> {
  const sharing = sharingFor(settings, options);
  log('debug', 'sharing', { ...sharing });
  const account = await accountFor(settings, options);
  const maxMemory = await maxMemoryFor(settings, log);
  const board = createBoard(settings, account, log);
  try {
    const balance = balanceFor(settings, sharing, board);
    log('debug', 'balance', { mode: balance });
    return { settings: { ...settings, maxMemory }, sharing, balance, account, board };
  } catch (error) {
    board?.close();
    throw error;
  }
}

function balanceFor({ balance, workers }: Settings, { mode }: SharingChoice, board: Board | undefined): Balance {
  try {
    return chooseBalance(balance, { sharing: mode, workers, hasBoard: board !== undefined });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function sharingFor({ sharing }: Settings, { spawnWorker }: LibraryOptions): SharingChoice {
  let choice: SharingChoice;
  try {
    choice = chooseSharing(sharing);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  if (choice.mode === 'round-robin' && spawnWorker !== undefined) {
    throw new UsageError('spawnWorker: round-robin is node:cluster’s own, which serves only workers that it started');
  }
  return choice;
}

async function accountFor(settings: Settings, { spawnWorker }: LibraryOptions): Promise<Account | undefined> {
  if (settings.user === undefined && settings.group === undefined) return undefined;
  if (spawnWorker !== undefined) {
    throw new UsageError(
      'spawnWorker: --user and --group are for workers that prefork starts; this one starts its own',
    );
  }
  const { resolveAccount } = await import('./users.ts');
  return resolveAccount(settings);
}

async function maxMemoryFor(settings: Settings, log: Log): Promise<number> {
  if (settings.maxMemory === 0) return 0;
  const { fitMemory, memoryLimit } = await import('../options/memory.ts');
  const { maxMemory, lowered } = fitMemory(settings, memoryLimit());
  if (lowered !== undefined) log('warn', 'max-memory lowered', { why: lowered });
  return maxMemory;
}

/** A server without figures is better than none: a full disk must not keep it from starting. */
function createBoard({ name, workers, spares }: Settings, owner: Account | undefined, log: Log): Board | undefined {
  sweepStale();
  try {
    const rows = Math.max(FEWEST_ROWS, (workers + spares) * ROWS_PER_WORKER);
    return Board.create({ name, rows, ...(owner && { owner }) });
  } catch (error) {
    log('warn', 'no scoreboard', { message: (error as Error).message });
    return undefined;
  }
}
