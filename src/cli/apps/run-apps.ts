/** Runs several applications of one config file, each as a server of its own, under this process. */
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../errors.ts';
import { printableOutput } from '../../format/printable.ts';
import { resolveSettings } from '../../options/index.ts';
import type { App, CommandLine, LoadedConfig, Settings } from '../../options/index.ts';
import { APPS_PARENT, asAppsParent } from '../../primary/system/apps-parent.ts';
import { terminalWatch } from '../../primary/system/terminal.ts';
import { createLog, type Log } from '../../primary/telemetry/log.ts';
import { resolveAccount, type Account } from '../../privileges/account.ts';
import { refuseRootsInspector } from '../../privileges/root-inspector.ts';
import { PrefixedOutput } from '../../primary/workers/prefixed-output.ts';
import { createNotifier } from '../../systemd/notify.ts';
import type { Notifier } from '../../systemd/notifier.ts';
import { AppProcess, STOPS } from './app-process.ts';

/** How much longer than its own drain delay and grace period an app may take to stop before it is killed. */
const STOP_MARGIN_MS = 15_000;

/** The first and the longest pause between two checks whether a starting app serves. Each pause is a tenth longer than the last. */
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 2000;
const POLL_GROWTH = 1.1;

/** The signals that each primary understands, and gets when this process does. */
const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGTTIN', 'SIGTTOU'] as const;

/** The variables of a service manager, which are for this process. */
const OF_MANAGER = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'];

/**
 * Runs the apps until all have ended. The promise settles when each was stopped as asked. An app that fails stops the
 * others: what has started this process then starts all anew. None is started again here, because each primary sees to
 * its own workers.
 *
 * @param argv the arguments before the entry, without node and the script.
 * @returns the exit code: the first one of an app that was not 0.
 * @throws UsageError before anything starts.
 */
export async function runApps(line: CommandLine, argv: readonly string[], config: LoadedConfig): Promise<number> {
  if (line.flags.name !== undefined)
    throw new UsageError('--name: expected none, since each app has its own; did you mean --app?');
  const settings = resolveSettings({ flags: line.flags, env: process.env, config });
  const apps = config.values.apps!;
  const parent = new Apps(settings, createLog(settings.logFormat, settings.logLevel));
  const flags = argv.filter((arg, at) => arg !== '--' || at !== argv.length - 1);
  return parent.run(
    apps,
    ({ name }) => [
      ...process.execArgv,
      process.argv[1]!,
      ...flags,
      '--config',
      config.file,
      '--app',
      name,
      '--name',
      name,
    ],
    (app) =>
      resolveSettings({
        flags: line.flags,
        env: process.env,
        config: { ...config, values: { ...config.values, ...app } },
      }),
  );
}

class Apps {
  readonly #log: Log;
  readonly #isPiped: boolean;
  readonly #running = new Map<string, AppProcess>();
  readonly #notifier: Notifier | undefined;
  #output: PrefixedOutput | undefined;
  #isStopping = false;
  /** How long after a stop each app is killed, in ms. */
  readonly #patience = new Map<string, number>();
  /** The user of each app; undefined for this process's own. */
  readonly #accounts = new Map<string, Account | undefined>();
  #exitCode = 0;

  constructor(settings: Settings, log: Log) {
    this.#log = log;
    // A prefix would break lines of JSON.
    this.#isPiped = settings.logFormat === 'text';
    if (process.env['LISTEN_FDS'] !== undefined)
      throw new UsageError(
        'LISTEN_FDS: expected none, since it does not say which of the apps a socket is for: give each app a unit of its own (prefork unit)',
      );
    this.#notifier = createNotifier(process.env, { onError: (message) => log('systemd not told', { message }) });
  }

  async run(
    apps: readonly App[],
    argvOf: (app: App) => readonly string[],
    settingsOf: (app: App) => Settings,
  ): Promise<number> {
    // Every mistake shows before anything starts.
    for (const app of apps) {
      const settings = settingsOf(app);
      const { shutdownGracePeriod, drainDelay } = settings;
      this.#patience.set(app.name, shutdownGracePeriod + drainDelay + STOP_MARGIN_MS);
      // This process stays root.
      if (settings.user !== undefined && process.geteuid?.() === 0) refuseRootsInspector();
      this.#accounts.set(app.name, resolveAccount(settings));
    }
    const removeSignals = this.#passSignalsOn();
    if (this.#isPiped) this.#output = new PrefixedOutput();
    const env: NodeJS.ProcessEnv = { ...process.env, [APPS_PARENT]: asAppsParent() };
    for (const name of OF_MANAGER) delete env[name];
    try {
      const isPiped = this.#isPiped;
      const ends = apps.map((app) => {
        const uid = this.#accounts.get(app.name)?.uid;
        // With --group alone the user stays.
        const isOther = uid !== process.geteuid?.();
        return this.#start({ name: app.name, argv: argvOf(app), env, isPiped, uid: isOther ? uid : undefined });
      });
      void this.#announce();
      await Promise.all(ends);
    } finally {
      removeSignals();
      await Promise.all([this.#output?.close(), this.#notifier?.close()]);
    }
    return this.#exitCode;
  }

  async #start(command: ConstructorParameters<typeof AppProcess>[0]): Promise<void> {
    const { name } = command;
    const app = new AppProcess(command);
    this.#running.set(name, app);
    // Another user's application must not steer root's terminal.
    this.#output?.follow(app.child, () => name, this.#accounts.get(name) && printableOutput);
    const end = await app.ended;
    this.#running.delete(name);
    this.#log('app ended', { name, ...end });
    if (end.code === 0) return;
    if (this.#exitCode === 0) this.#exitCode = end.code;
    if (!this.#isStopping) this.#stop('SIGTERM');
  }

  /** Says once that all apps serve. */
  async #announce(): Promise<void> {
    const start = performance.now();
    const count = this.#running.size;
    const outcomes = await Promise.all([...this.#running.values()].map((app) => this.#untilServing(app)));
    if (this.#isStopping || outcomes.includes(false)) return;
    this.#log('apps ready', { apps: count, took: performance.now() - start });
    this.#notifier?.ready();
  }

  /** @returns false when the app has ended before it served. */
  async #untilServing(app: AppProcess): Promise<boolean> {
    for (let wait = FIRST_POLL_MS; !(await app.isServing()); wait = Math.min(LONGEST_POLL_MS, wait * POLL_GROWTH)) {
      if (this.#isStopping || !this.#running.has(app.name)) return false;
      await delay(wait);
    }
    return true;
  }

  #passSignalsOn(): () => void {
    const isTerminalClosed = terminalWatch();
    const listeners = PASSED_ON.map((signal) => {
      const listener = (): void => {
        // The apps have no terminal that could tell them why SIGHUP came.
        const meant = signal === 'SIGHUP' && isTerminalClosed() ? 'SIGTERM' : signal;
        if (STOPS.includes(meant)) this.#stop(meant);
        else this.#tell(meant);
      };
      process.on(signal, listener);
      return () => void process.off(signal, listener);
    });
    return () => listeners.forEach((remove) => remove());
  }

  #tell(signal: NodeJS.Signals): void {
    for (const app of this.#running.values()) app.signal(signal);
  }

  /** Stops all apps. A second stop is passed on too, and each app then ends at once. */
  #stop(signal: NodeJS.Signals): void {
    this.#tell(signal);
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#notifier?.stopping();
    for (const app of this.#running.values()) {
      setTimeout(() => {
        if (this.#running.get(app.name) === app) app.kill();
      }, this.#patience.get(app.name)).unref();
    }
  }
}
