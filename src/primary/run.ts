import type { ControlServer } from '../control/server.ts';
import { PreforkError } from '../errors.ts';
import type { LibraryOptions, Settings } from '../options/index.ts';
import { VARIABLE } from '../upgrade/legacy.ts';
import type { Predecessor } from '../upgrade/predecessor.ts';
import { Cleanup } from './cleanup.ts';
import { openControlSocket } from './control-socket.ts';
import { Hooks } from './hooks.ts';
import { createLog, type Log } from './log.ts';
import { realOs, type Program } from './os.ts';
import { prepare } from './prepare.ts';
import type { ServiceManager } from './service-manager.ts';
import { listenToSignals } from './signals.ts';
import { Supervisor } from './supervisor.ts';

/**
 * Is the primary, until every worker is gone: settles when stopped as asked.
 *
 * @throws PreforkError when it had to give up. It has been logged by then.
 */
export async function runPrimary(program: Program, settings: Settings, options: LibraryOptions): Promise<void> {
  const predecessor = await meetPredecessor();
  const cleanup = new Cleanup();
  try {
    await supervise(program, settings, options, cleanup, predecessor);
  } catch (error) {
    predecessor?.failed((error as Error).message);
    throw error;
  } finally {
    cleanup.run();
  }
}

async function supervise(
  program: Program,
  given: Settings,
  options: LibraryOptions,
  cleanup: Cleanup,
  predecessor: Predecessor | undefined,
): Promise<void> {
  const log = createLog(given.logFormat, given.logLevel, options.logger);
  const manager = await serviceManager(log, predecessor?.legacy.notifyFd);
  const { settings, sharing, balance, account, board } = await prepare(given, options, log);
  cleanup.add(() => board?.close());

  let control: ControlServer | undefined;
  const openControl = async (): Promise<void> => {
    control = await openControlSocket({
      settings,
      supervisor,
      sharing: sharing.mode,
      balance,
      log,
      replace: predecessor !== undefined,
    });
    cleanup.add(() => control?.remove());
  };
  const supervisor: Supervisor = new Supervisor({
    settings,
    program,
    sharing: sharing.mode,
    balance,
    board,
    log,
    hooks: new Hooks(options, log),
    os: realOs({ spawnWorker: options.spawnWorker, account }),
    account,
    legacy: predecessor?.legacy,
    passed: manager?.sockets,
    notifyFd: manager?.notifyFd,
    successorEnv: manager?.successorEnv ?? {},
    announce: (announcement) => {
      manager?.announce(announcement);
      // Until now the primary before this one has answered under the name.
      if (announcement.what === 'ready' && control === undefined) void openControl().then(() => predecessor?.ready());
    },
  });
  if (predecessor === undefined) await openControl();
  // Ours by the time that a worker could miss us.
  else supervisor.control = predecessor.legacy.control;
  cleanup.add(listenToSignals((event) => supervisor.post(event), settings.shutdownGracePeriod));
  await supervisor.run().finally(() => Promise.all([control?.close(), manager?.close()]));
}

/** Loaded where there is one: systemd says so in the environment. */
async function serviceManager(log: Log, notifyFd: number | undefined): Promise<ServiceManager | undefined> {
  const { LISTEN_FDS, NOTIFY_SOCKET } = process.env;
  if (LISTEN_FDS === undefined && NOTIFY_SOCKET === undefined) return undefined;
  const { ServiceManager: Manager } = await import('./service-manager.ts');
  return new Manager(process.env, log, notifyFd);
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
