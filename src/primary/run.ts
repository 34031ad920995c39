import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { PreforkError } from '../errors.ts';
import { launchChanges, nameRefusal, type Launch, type LibraryOptions, type NamedDirectory } from '../options/index.ts';
import type { Settings } from '../options/index.ts';
import { seedOf, VARIABLE } from '../upgrade/handover.ts';
import { monotonic } from '../scoreboard/clock.ts';
import type { OldPrimary } from '../upgrade/old-primary.ts';
import { Cleanup } from './system/cleanup.ts';
import type { AdminToken } from './endpoints/admin.ts';
import type { GivenToken } from './endpoints/admin-token.ts';
import { PrimaryControls } from './endpoints/controls.ts';
import { ControlEndpoints } from './endpoints/control-endpoints.ts';
import { Faults } from './system/faults.ts';
import { Hooks } from './supervisor/hooks.ts';
import { createLog, type Log } from './telemetry/log.ts';
import type { PrefixedOutput } from './workers/prefixed-output.ts';
import { realOs } from './workers/os.ts';
import { openDescriptors } from '../listeners/inherit.ts';
import { Inherited } from '../listeners/inherited.ts';
import { hasLeftRoot } from '../privileges/become.ts';
import { Binder } from '../privileges/binder.ts';
import { prepare, refuseParking, settingsInForce } from './prepare.ts';
import type { ServiceManager } from './system/service-manager.ts';
import { APPS_PARENT, AppsParent } from './system/apps-parent.ts';
import { LineRing } from './telemetry/line-ring.ts';
import type { FileWatcher } from './system/file-watcher.ts';
import { isBelowNodemon, NODEMON } from './system/nodemon.ts';
import { Signals } from './system/signals.ts';
import { sweepStale } from '../scoreboard/board.ts';
import { ControlAddress } from './supervisor/control-address.ts';
import { EventQueue } from './supervisor/event-queue.ts';
import { Launches } from './supervisor/launches.ts';
import { Supervisor, type Outlets } from './supervisor/supervisor.ts';
import { messageOf } from '../contract/message-of.ts';

/** The objects that were made while this process may still have been root. */
export interface Early {
  readonly binder?: Binder | undefined;
  readonly token?: GivenToken | undefined;
  /** True when only the primary runs in this process, so that an uncaught error is its own. @default false */
  readonly isAlone?: boolean;
  /** How to read what the next generation is to run. @default it runs what this one runs */
  readonly renewal?: Renewal | undefined;
}

/** Reads the launch anew. What it throws fails the reload, in words. */
export interface Renewal {
  /** The directory that the primary was started in. */
  readonly home: NamedDirectory;
  /** @param before what runs now. */
  readonly read: (before: Launch) => Promise<Launch>;
  /** Follows links again, with the same config file. */
  readonly follow: (launch: Launch) => Launch;
}

const TOKEN_EXPOSED =
  'workers can read PREFORK_ADMIN_TOKEN in the environment of this process: give it by --admin-token-file instead';

const BINDER_GONE =
  'ports below 1024 that are open stay so, and no other can be opened until the server is started again';

/**
 * Runs the primary until every worker is gone. The promise settles when the server was stopped as asked.
 *
 * @throws PreforkError when the primary had to give up. The error has been logged by then.
 */
export async function runPrimary(
  launch: Launch,
  options: LibraryOptions,
  { binder, token, isAlone = false, renewal }: Early = {},
): Promise<void> {
  const oldPrimary = await meetOldPrimary(launch.settings, options);
  const cleanup = new Cleanup();
  try {
    if (oldPrimary !== undefined) refuseAnotherName(launch, oldPrimary.handover.name);
    const early = { token, binder: binder ?? inheritedBinder(oldPrimary), isAlone, renewal };
    await supervise(launch, options, cleanup, oldPrimary, early);
  } catch (error) {
    oldPrimary?.failed(messageOf(error));
    throw error;
  } finally {
    oldPrimary?.close();
    cleanup.run();
  }
}

async function supervise(
  launch: Launch,
  options: LibraryOptions,
  cleanup: Cleanup,
  oldPrimary: OldPrimary | undefined,
  { binder, token: givenToken, isAlone, renewal }: Early,
): Promise<void> {
  cleanup.add(() => binder?.end());
  const { settings: given } = launch;
  let launches: Launches | undefined;
  const nodemon = isBelowNodemon();
  const signals = new Signals(() => (launches?.settings ?? given).shutdownGracePeriod, {
    isBelowNodemon: nodemon,
    mayPassStopOn: () => oldPrimary?.mayPassStopOn === true,
  });
  cleanup.add(() => signals.close());
  const lines = new LineRing();
  const log = createLog(given.logFormat, given.logLevel, options.logger, {
    hasTime: given.logTime && options.logger === undefined,
    app: process.env[APPS_PARENT] === undefined ? undefined : given.name,
    keep: (line) => lines.add(null, line),
  });
  const manager = await serviceManager(log, oldPrimary?.handover.notifyFd);
  const { settings, sharing, balance, board } = await prepare(given, options, log, oldPrimary?.handover.board);
  cleanup.add(() => {
    board?.close();
    // The sweep also covers what a killed next primary left.
    sweepStale();
  });
  binder?.onLost(() => log('binder gone', { message: BINDER_GONE }));
  const token = await tokenOf(settings, givenToken, oldPrimary?.handover.admin?.token);
  if (token !== undefined && givenToken?.isExposed === true && settings.user === undefined)
    log('admin token exposed', { message: TOKEN_EXPOSED });
  const output = await prefixedOutput(settings, lines);
  // Root has started it for another user.
  const isSeparated = settings.user !== undefined || settings.group !== undefined;
  // An older primary does not say.
  const isFromRoot = hasLeftRoot() || oldPrimary?.handover.isFromRoot === true || binder !== undefined;

  const enter = entererOf(renewal);
  enter(launch.directory.real);
  let watcher: FileWatcher | undefined;
  // A link may lead to another release after a reload.
  const watchedPlaces = (): string[] => [launches!.directory, dirname(launches!.entry)];
  launches = new Launches(
    { launch, settings },
    renewal && {
      log,
      read: async (before) => {
        const next = await renewal.read(before);
        refuseParking(next.settings, sharing.mode);
        const changes = launchChanges(before, next);
        return { launch: next, settings: await settingsInForce(next.settings, log), changes };
      },
      follow: renewal.follow,
      isThere: ({ directory }) => existsSync(directory.real),
      enter: (directory) => {
        enter(directory);
        watcher?.follow(watchedPlaces());
      },
    },
  );
  const queue = new EventQueue();
  const faults = new Faults({
    log,
    now: monotonic,
    giveUp: (error) => queue.post({ type: 'fail', error }),
  });
  const address = new ControlAddress(oldPrimary?.handover.name ?? settings.name);
  const parent = new AppsParent(process.env, () => {
    log('apps parent gone', { message: 'the process that runs all apps has ended' });
    queue.post({ type: 'stop', signal: 'SIGTERM', idle: Math.min(5000, settings.shutdownGracePeriod / 2) });
  });
  cleanup.add(() => parent.close());
  const supervisor = new Supervisor({
    launches,
    home: renewal?.home,
    queue,
    address,
    sharing: sharing.mode,
    balance,
    seed: seedOf(oldPrimary?.handover),
    board,
    log,
    hooks: new Hooks(options, log),
    fault: (error) => faults.add(error),
    os: realOs({
      spawnWorker: options.spawnWorker,
      isRoundRobin: sharing.mode === 'round-robin',
      isPiped: output !== undefined,
      isDetached: isSeparated,
    }),
    output,
    isFromRoot,
    binder,
    handover: oldPrimary?.handover,
    oldPrimary,
    passed: manager?.sockets ?? plainlyInherited(oldPrimary),
    notifyFd: manager?.notifyFd,
    newPrimaryEnv: { ...manager?.newPrimaryEnv, ...parent.env },
  });
  if (isAlone) faults.watch();
  cleanup.add(() => faults.close());
  oldPrimary?.onGone(() => {
    log('old primary gone', { message: 'it ended before this one was ready, which serves in its place' });
    supervisor.resources.ownListeners();
    queue.post({ type: 'left-alone' });
  });
  signals.deliverTo((event) => queue.post(event));
  if (nodemon) log('started by nodemon', { message: NODEMON });
  if (settings.watch) {
    watcher = await watcherFor(watchedPlaces(), (file) => {
      log('file changed', { file });
      queue.post({ type: 'operate', kind: 'reload' });
    });
    cleanup.add(() => watcher?.close());
    log('watching', {
      directories: watcher.size,
      files: watcher.isWhole ? undefined : 'not all: too many directories',
    });
  }
  const controls = new PrimaryControls({
    supervisor,
    place: address,
    lines,
    directory: () => launches.directory,
    entry: () => launches.entry,
    now: monotonic,
    isSeparated,
    sharing: sharing.mode,
    balance,
    settings: () => launches.settings,
    isFromRoot,
  });
  const replace = oldPrimary !== undefined;
  const inherited = oldPrimary?.handover.admin;
  const endpoints = new ControlEndpoints({
    settings,
    place: address,
    controls,
    log,
    replace,
    token,
    inherited,
    cleanup,
  });
  const outlets: Outlets = {
    adminSocket: () => endpoints.adminSocket,
    announce: (announcement) => {
      manager?.announce(announcement);
      if (announcement.what === 'ready') binder?.seal();
      if (announcement.what === 'upgraded') {
        endpoints.yield();
        // The next primary reads the channel from here on. With two readers, each would get answers for the other.
        binder?.leaveTo(announcement.pid);
      }
      if (announcement.what === 'ready' && oldPrimary !== undefined) {
        void succeed(oldPrimary, endpoints, supervisor);
      }
    },
  };
  try {
    if (oldPrimary === undefined) await endpoints.openControl().then(() => endpoints.openAdmin());
    // The control socket is ours by the time that a worker could miss us.
    else address.opened({ path: oldPrimary.handover.control });
    await supervisor.run(outlets);
  } finally {
    await Promise.all([endpoints.close(), manager?.close(), output?.close()]);
  }
}

/** An upgrade reads everything anew, but the name is the server's for as long as it runs: others know it by that. */
function refuseAnotherName(launch: Launch, name: string): void {
  const refusal = nameRefusal(launch, name);
  if (refusal !== undefined) throw new PreforkError('ERR_UPGRADE_FAILED', refusal);
}

/** Returns the function that makes a release's directory this process's own, where links are followed anew. */
function entererOf(renewal: Renewal | undefined): (directory: string) => void {
  return (directory) => {
    if (renewal === undefined) return;
    try {
      process.chdir(directory);
    } catch {
      // The user of the server may not go there. Its workers say so.
    }
  };
}

/**
 * Returns the descriptors that this process inherited. A next primary needs none of this, because its sockets are
 * described to it.
 */
function plainlyInherited(oldPrimary: OldPrimary | undefined): Inherited | undefined {
  const descriptors = oldPrimary === undefined ? openDescriptors() : new Map<number, number>();
  return descriptors.size === 0 ? undefined : new Inherited([], descriptors);
}

function inheritedBinder(oldPrimary: OldPrimary | undefined): Binder | undefined {
  const fd = oldPrimary?.handover.binderFd;
  return fd === undefined ? undefined : Binder.inherit(fd);
}

/** Takes over from the primary before this one, which has answered under the name until now. */
async function succeed(before: OldPrimary, endpoints: ControlEndpoints, supervisor: Supervisor): Promise<void> {
  await endpoints.openControl();
  // The server was stopped in the meantime. A primary that has not said that it is ready must not be left to serve
  // alone.
  if (endpoints.isClosed) return;
  await before.ready(supervisor.fleet.generation, supervisor.taker);
  await endpoints.openAdmin();
}

/** Loads the watcher, which only development needs. */
async function watcherFor(places: readonly string[], changed: (file: string) => void): Promise<FileWatcher> {
  const { FileWatcher: Watcher } = await import('./system/file-watcher.ts');
  return new Watcher(places, changed);
}

async function prefixedOutput(
  { prefixOutput, logTime, logFormat }: Settings,
  lines: LineRing,
): Promise<PrefixedOutput | undefined> {
  if (!prefixOutput && !logTime) return undefined;
  const { PrefixedOutput: Output } = await import('./workers/prefixed-output.ts');
  lines.hasWorkers = true;
  return new Output({
    hasPrefix: prefixOutput,
    hasTime: logTime && logFormat === 'text',
    keep: (source, text) => lines.addLines(typeof source === 'number' || source === 'spare' ? source : 'primary', text),
  });
}

async function tokenOf(
  { admin }: Settings,
  given: GivenToken | undefined,
  inherited: string | undefined,
): Promise<AdminToken | undefined> {
  if (admin === undefined) return undefined;
  const { adminToken } = await import('./endpoints/admin.ts');
  return adminToken(given, inherited);
}

/** Loads the service manager where there is one, which systemd announces in the environment. */
async function serviceManager(log: Log, notifyFd: number | undefined): Promise<ServiceManager | undefined> {
  const { LISTEN_FDS, NOTIFY_SOCKET } = process.env;
  if (LISTEN_FDS === undefined && NOTIFY_SOCKET === undefined) return undefined;
  const { ServiceManager: Manager } = await import('./system/service-manager.ts');
  return new Manager(process.env, log, notifyFd);
}

/** Meets the primary that started this one as its successor, if there is one. */
async function meetOldPrimary(settings: Settings, options: LibraryOptions): Promise<OldPrimary | undefined> {
  if (process.env[VARIABLE] === undefined) return undefined;
  const { OldPrimary: Before } = await import('../upgrade/old-primary.ts');
  try {
    return Before.meet();
  } catch (cause) {
    const error = new PreforkError('ERR_UPGRADE_FAILED', messageOf(cause), { cause });
    const log = createLog(settings.logFormat, settings.logLevel, options.logger);
    log('error', { message: error.message, code: error.code });
    throw error;
  }
}
