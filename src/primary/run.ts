import { PreforkError, UsageError } from '../errors.ts';
import { chooseSharing, type SharingChoice } from '../listeners/sharing.ts';
import type { LibraryOptions, Settings } from '../options/index.ts';
import { Board, sweepStale } from '../scoreboard/board.ts';
import { Hooks } from './hooks.ts';
import { createLog, type Log } from './log.ts';
import { realOs, type Program } from './os.ts';
import { listenToSignals } from './signals.ts';
import type { Account } from './users.ts';
import { Supervisor } from './supervisor.ts';
import { VARIABLE } from '../upgrade/legacy.ts';
import type { Predecessor } from '../upgrade/predecessor.ts';

/** A reload needs rows for old workers beside the new ones, and so does scaling up: what has no row has no figures. */
const ROWS_PER_WORKER = 4;
const FEWEST_ROWS = 64;

/**
 * Is the primary, until every worker is gone: settles when stopped as asked.
 *
 * @throws PreforkError when it had to give up. It has been logged by then.
 */
export async function runPrimary(program: Program, settings: Settings, options: LibraryOptions): Promise<void> {
  const log = createLog(settings.logFormat, settings.logLevel, options.logger);
  const sharing = sharingFor(settings, options);
  log('debug', 'sharing', { ...sharing });
  const account = await accountFor(settings, options);
  const maxMemory = await maxMemoryFor(settings, log);
  const predecessor = await meetPredecessor();
  const board = createBoard(settings, account, log);
  const removeBoard = (): void => board?.close();
  // Also when the program that embeds the primary exits without stopping it; the workers notice by themselves.
  process.once('exit', removeBoard);
  let ignoreSignals = (): void => {};
  try {
    const supervisor = new Supervisor({
      settings: { ...settings, maxMemory },
      program,
      sharing: sharing.mode,
      board,
      log,
      hooks: new Hooks(options, log),
      os: realOs({ spawnWorker: options.spawnWorker, account }),
      account,
      legacy: predecessor?.legacy,
      announce: ({ what }) => {
        if (what === 'ready') predecessor?.ready();
      },
    });
    ignoreSignals = listenToSignals((event) => supervisor.post(event), settings.shutdownGracePeriod);
    await supervisor.run();
  } catch (error) {
    predecessor?.failed((error as Error).message);
    throw error;
  } finally {
    ignoreSignals();
    process.off('exit', removeBoard);
    removeBoard();
  }
}

/** The primary that started this one in order to be succeeded by it, if so. */
async function meetPredecessor(): Promise<Predecessor | undefined> {
  if (process.env[VARIABLE] === undefined) return undefined;
  const { Predecessor: Before } = await import('../upgrade/predecessor.ts');
  try {
    return await Before.meet();
  } catch (cause) {
    throw new PreforkError('ERR_UPGRADE_FAILED', (cause as Error).message, { cause });
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

/** A server without figures is better than none: a full disk must not keep it from starting. */
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
