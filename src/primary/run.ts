import { chooseSharing } from '../listeners/sharing.ts';
import type { LibraryOptions, Settings } from '../options/index.ts';
import { Board, sweepStale } from '../scoreboard/board.ts';
import { Hooks } from './hooks.ts';
import { createLog } from './log.ts';
import { realOs, type Program } from './os.ts';
import { listenToSignals } from './signals.ts';
import { Supervisor } from './supervisor.ts';

/** A reload needs rows for the old workers beside the new ones. */
const ROWS_PER_SLOT = 2;

/**
 * Is the primary, until every worker is gone: settles when stopped as asked.
 *
 * @throws PreforkError when it had to give up. It has been logged by then.
 */
export async function runPrimary(program: Program, settings: Settings, options: LibraryOptions): Promise<void> {
  const log = createLog(settings.logFormat, settings.logLevel, options.logger);
  const { sharing, reason } = chooseSharing(settings.sharing);
  log('debug', 'sharing', { mode: sharing, reason });
  sweepStale();
  const board = Board.create({ name: settings.name, rows: settings.workers * ROWS_PER_SLOT });
  const removeBoard = (): void => board.close();
  const parts = {
    settings,
    program,
    sharing,
    board,
    log,
    hooks: new Hooks(options, log),
    os: realOs(options.spawnWorker),
  };
  const supervisor = new Supervisor(parts);
  const ignoreSignals = listenToSignals((event) => supervisor.post(event), settings.shutdownGracePeriod);
  // Also when the program that embeds the primary exits without stopping it; the workers notice by themselves.
  process.once('exit', removeBoard);
  try {
    await supervisor.run();
  } finally {
    ignoreSignals();
    process.off('exit', removeBoard);
    removeBoard();
  }
}
