/** Prepares what must be there before the first worker starts, and refuses what cannot work. */
import { chooseBalance } from '../balance/mode.ts';
import type { Balance, Sharing } from '../contract/modes.ts';
import { UsageError } from '../errors.ts';
import { chooseSharing, type SharingChoice } from '../listeners/sharing.ts';
import type { LibraryOptions, Settings } from '../options/index.ts';
import { Board, sweepStale } from '../scoreboard/board.ts';
import type { Log } from './telemetry/log.ts';
import { messageOf } from '../contract/message-of.ts';

/**
 * Rows are needed for old workers beside new ones in a reload, and for scaling up. A worker without a row has no
 * figures.
 */
const ROWS_PER_WORKER = 4;
const FEWEST_ROWS = 64;

export interface Prepared {
  /** The settings, with `maxMemory` and `compileCache` as they are in force. */
  readonly settings: Settings;
  readonly sharing: SharingChoice;
  readonly balance: Balance;
  /** Undefined where no file could be created. The caller has to close it. */
  readonly board: Board | undefined;
}

/**
 * Prepares the start.
 *
 * @param before the scoreboard of the primary that is succeeded.
 * @throws UsageError when the machine cannot do what is asked for.
 */
export async function prepare(
  settings: Settings,
  options: LibraryOptions,
  log: Log,
  before?: string,
): Promise<Prepared> {
  const sharing = sharingFor(settings, options);
  log('sharing', sharing);
  refuseForAnotherUser(settings, sharing, options);
  refuseParking(settings, sharing.mode);
  const fitting = await settingsInForce(settings, log);
  const board = createBoard(settings, log, before);
  try {
    const balance = balanceFor(settings, sharing, board);
    log('balance', { mode: balance });
    return { settings: fitting, sharing, balance, board };
  } catch (error) {
    board?.close();
    throw error;
  }
}

function balanceFor(
  { balance, workers, range, migrate }: Settings,
  { mode }: SharingChoice,
  board: Board | undefined,
): Balance {
  try {
    return chooseBalance(balance, {
      sharing: mode,
      workers: range?.most ?? workers,
      hasBoard: board !== undefined,
      migrate: migrate !== 'off',
    });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function sharingFor({ sharing }: Settings, { spawnWorker }: LibraryOptions): SharingChoice {
  let choice: SharingChoice;
  try {
    choice = chooseSharing(sharing);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
  if (choice.mode === 'round-robin' && spawnWorker !== undefined) {
    throw new UsageError('spawnWorker: round-robin is node:cluster’s own, which serves only workers that it started');
  }
  return choice;
}

/**
 * Refuses combinations in which the primary would do for a worker what the worker may not do itself, or in which the
 * two users would only seem to be separate.
 */
function refuseForAnotherUser(
  { user, group, watch }: Settings,
  { mode }: SharingChoice,
  { spawnWorker }: LibraryOptions,
): void {
  if (user === undefined && group === undefined) return;
  const option = user === undefined ? '--group' : '--user';
  if (spawnWorker !== undefined) {
    throw new UsageError(`spawnWorker: ${option} is for workers that prefork starts; this one starts its own`);
  }
  if (watch) throw new UsageError(`--watch: expected none with ${option}: it is for development, and not for root`);
  if (mode === 'round-robin') {
    throw new UsageError(
      `--sharing round-robin: expected another mode with ${option}, since node:cluster's primary listens wherever a worker tells it to`,
    );
  }
}

/**
 * Refuses workers that stay parked, where node:cluster gives connections to them too, so that they would serve on.
 *
 * @throws UsageError
 */
export function refuseParking(
  { keepPrevious, canary }: Pick<Settings, 'keepPrevious' | 'canary'>,
  mode: Sharing,
): void {
  if (mode !== 'round-robin') return;
  const option = keepPrevious > 0 ? '--keep-previous' : canary === 0 ? undefined : '--canary';
  if (option === undefined) return;
  throw new UsageError(
    `${option}: expected another --sharing than round-robin, in which a parked worker still gets connections`,
  );
}

/** Returns the settings as far as this machine can do them. */
export async function settingsInForce(settings: Settings, log: Log): Promise<Settings> {
  const maxMemory = await maxMemoryFor(settings, log);
  const compileCache = await compileCacheFor(settings, log);
  return { ...settings, maxMemory, compileCache };
}

async function maxMemoryFor(settings: Settings, log: Log): Promise<number> {
  if (settings.maxMemory === 0) return 0;
  const { fitMemory, memoryLimit } = await import('../options/machine/memory.ts');
  const { maxMemory, lowered } = fitMemory(settings, memoryLimit());
  if (lowered !== undefined) log('max-memory lowered', { why: lowered });
  return maxMemory;
}

async function compileCacheFor({ compileCache }: Settings, log: Log): Promise<string | undefined> {
  if (compileCache === undefined) return undefined;
  const { canWarm, prepareCompileCache } = await import('./workers/compile-cache.ts');
  if (canWarm()) return prepareCompileCache(compileCache);
  log('no compile cache', { message: `Node ${process.version} cannot write it when a worker has booted, 22.10 can` });
  return undefined;
}

/**
 * Creates the scoreboard. A server without figures is better than none, so a full disk does not keep it from starting.
 */
function createBoard({ name, workers, range, spares }: Settings, log: Log, before?: string): Board | undefined {
  sweepStale();
  try {
    const rows = Math.max(FEWEST_ROWS, ((range?.most ?? workers) + spares) * ROWS_PER_WORKER);
    return Board.create({ name, rows, before });
  } catch (error) {
    log('no scoreboard', { message: messageOf(error) });
    return undefined;
  }
}
