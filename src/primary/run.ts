import { PreforkError } from '../errors.ts';
import type { LibraryOptions, Settings } from '../options/index.ts';
import { VARIABLE } from '../upgrade/legacy.ts';
import { monotonic } from '../scoreboard/clock.ts';
import { dropDoorFlags } from '../upgrade/next-node.ts';
import type { Predecessor } from '../upgrade/predecessor.ts';
import { Cleanup } from './cleanup.ts';
import type { AdminToken } from './admin.ts';
import type { GivenToken } from './admin-token.ts';
import { PrimaryControls } from './controls.ts';
import { Entrances } from './entrances.ts';
import { Faults } from './faults.ts';
import { Hooks } from './hooks.ts';
import { createLog, type Log } from './log.ts';
import type { PrefixedOutput } from './prefixed-output.ts';
import { realOs, type Program } from './os.ts';
import { openDescriptors } from '../listeners/inherit.ts';
import { Inherited } from '../listeners/inherited.ts';
import { Binder } from '../privileges/binder.ts';
import { prepare } from './prepare.ts';
import type { ServiceManager } from './service-manager.ts';
import { Signals } from './signals.ts';
import { sweepStale } from '../scoreboard/board.ts';
import { Supervisor } from './supervisor.ts';

/** What is taken while this process may still be root. */
export interface Early {
  readonly binder?: Binder | undefined;
  readonly token?: GivenToken | undefined;
  /** Nothing runs in this process but the primary: what is not caught is its own. @default false */
  readonly isAlone?: boolean;
}

const TOKEN_EXPOSED =
  'workers can read PREFORK_ADMIN_TOKEN in the environment of this process: give it by --admin-token-file instead';

const BINDER_GONE =
  'ports below 1024 that are open stay so, and no other can be opened until the server is started again';

/**
 * Is the primary, until every worker is gone: settles when stopped as asked.
 *
 * @throws PreforkError when it had to give up. It has been logged by then.
 */
export async function runPrimary(
  program: Program,
  settings: Settings,
  options: LibraryOptions,
  { binder, token, isAlone = false }: Early = {},
): Promise<void> {
  const predecessor = await meetPredecessor(settings, options);
  const cleanup = new Cleanup();
  try {
    const early = { token, binder: binder ?? inheritedBinder(predecessor), isAlone };
    await supervise(program, settings, options, cleanup, predecessor, early);
  } catch (error) {
    predecessor?.failed((error as Error).message);
    throw error;
  } finally {
    predecessor?.close();
    cleanup.run();
  }
}

async function supervise(
  program: Program,
  given: Settings,
  options: LibraryOptions,
  cleanup: Cleanup,
  predecessor: Predecessor | undefined,
  { binder, token: givenToken, isAlone }: Early,
): Promise<void> {
  cleanup.add(() => binder?.close());
  const signals = new Signals(given.shutdownGracePeriod);
  cleanup.add(() => signals.close());
  const log = createLog(given.logFormat, given.logLevel, options.logger);
  const manager = await serviceManager(log, predecessor?.legacy.notifyFd);
  const { settings, sharing, balance, board } = await prepare(given, options, log);
  cleanup.add(() => {
    board?.close();
    // Also what a next primary left that had to be killed.
    sweepStale();
  });
  if (predecessor?.legacy.board !== undefined) board?.inherit(predecessor.legacy.board);
  if (binder !== undefined) binder.onLost = () => log('error', 'binder gone', { message: BINDER_GONE });
  const token = await tokenOf(settings, givenToken, predecessor?.legacy.admin?.token);
  if (token !== undefined && givenToken?.isExposed === true && settings.user === undefined)
    log('warn', 'admin token exposed', { message: TOKEN_EXPOSED });
  const output = await prefixedOutput(settings);

  const faults = new Faults({
    log,
    now: monotonic,
    giveUp: (error) => supervisor.post({ type: 'fail', error }),
  });
  const supervisor: Supervisor = new Supervisor({
    settings,
    program,
    sharing: sharing.mode,
    balance,
    board,
    log,
    hooks: new Hooks(options, log),
    fault: (error) => faults.add(error),
    os: realOs({
      spawnWorker: options.spawnWorker,
      isRoundRobin: sharing.mode === 'round-robin',
      isPiped: output !== undefined,
      isDetached: settings.user !== undefined || settings.group !== undefined,
    }),
    output,
    binder,
    legacy: predecessor?.legacy,
    passed: manager?.sockets ?? plainlyInherited(predecessor),
    notifyFd: manager?.notifyFd,
    successorEnv: manager?.successorEnv ?? {},
    adminSocket: () => entrances.adminSocket,
    announce: (announcement) => {
      manager?.announce(announcement);
      if (announcement.what === 'ready') binder?.seal();
      if (announcement.what === 'upgraded') {
        entrances.yield();
        // The next primary reads the channel from here on: of two readers, either gets the other's answers.
        binder?.close();
      }
      if (announcement.what === 'ready' && predecessor !== undefined) {
        void succeed(predecessor, entrances, supervisor.fleet.generation);
      }
    },
  });
  if (isAlone) faults.watch();
  cleanup.add(() => faults.close());
  predecessor?.onGone(() => {
    log('warn', 'old primary gone', { message: 'it ended before this one was ready, which serves in its place' });
    supervisor.own();
  });
  signals.deliverTo((event) => supervisor.post(event));
  const controls = new PrimaryControls(supervisor, { sharing: sharing.mode, balance, hasBinder: binder !== undefined });
  const replace = predecessor !== undefined;
  const inherited = predecessor?.legacy.admin;
  const entrances = new Entrances({ settings, supervisor, controls, log, replace, token, inherited, cleanup });
  try {
    if (predecessor === undefined) await entrances.openControl().then(() => entrances.openAdmin());
    // Ours by the time that a worker could miss us.
    else supervisor.control = predecessor.legacy.control;
    await supervisor.run();
  } finally {
    await Promise.all([entrances.close(), manager?.close(), output?.close()]);
  }
}

/** What the next primary inherits is described to it. */
function plainlyInherited(predecessor: Predecessor | undefined): Inherited | undefined {
  const descriptors = predecessor === undefined ? openDescriptors() : [];
  return descriptors.length === 0 ? undefined : new Inherited([], descriptors);
}

function inheritedBinder(predecessor: Predecessor | undefined): Binder | undefined {
  const fd = predecessor?.legacy.binderFd;
  return fd === undefined ? undefined : Binder.inherit(fd);
}

/** Until now the primary before this one has answered under the name. */
async function succeed(before: Predecessor, entrances: Entrances, generation: number): Promise<void> {
  await entrances.openControl();
  // Stopped in the meantime: who ends without having said that it is ready is not left to serve alone.
  if (entrances.isClosed) return;
  await before.ready(generation);
  await entrances.openAdmin();
}

async function prefixedOutput({ prefixOutput }: Settings): Promise<PrefixedOutput | undefined> {
  if (!prefixOutput) return undefined;
  const { PrefixedOutput: Output } = await import('./prefixed-output.ts');
  return new Output();
}

async function tokenOf(
  { admin }: Settings,
  given: GivenToken | undefined,
  inherited: string | undefined,
): Promise<AdminToken | undefined> {
  if (admin === undefined) return undefined;
  const { adminToken } = await import('./admin.ts');
  return adminToken(given, inherited);
}

/** Loaded where there is one: systemd says so in the environment. */
async function serviceManager(log: Log, notifyFd: number | undefined): Promise<ServiceManager | undefined> {
  const { LISTEN_FDS, NOTIFY_SOCKET } = process.env;
  if (LISTEN_FDS === undefined && NOTIFY_SOCKET === undefined) return undefined;
  const { ServiceManager: Manager } = await import('./service-manager.ts');
  return new Manager(process.env, log, notifyFd);
}

/** The primary that started this one in order to be succeeded by it, if so. */
async function meetPredecessor(settings: Settings, options: LibraryOptions): Promise<Predecessor | undefined> {
  if (process.env[VARIABLE] === undefined) return undefined;
  const { Predecessor: Before } = await import('../upgrade/predecessor.ts');
  dropDoorFlags();
  try {
    return Before.meet();
  } catch (cause) {
    const error = new PreforkError('ERR_UPGRADE_FAILED', (cause as Error).message, { cause });
    const log = createLog(settings.logFormat, settings.logLevel, options.logger);
    log('error', 'error', { message: error.message, code: error.code });
    throw error;
  }
}
