import { inheritedSockets, InheritError } from '../../listeners/inherit.ts';
import { Inherited } from '../../listeners/inherited.ts';
import { UsageError } from '../../errors.ts';
import { createNotifier } from '../../systemd/notify.ts';
import type { Notifier } from '../../systemd/notifier.ts';
import type { Announcement } from '../fleet/events.ts';
import type { Log } from '../telemetry/log.ts';

/** The variables that the next primary needs in order to tell systemd, too. */
const PASSED_ON = ['NOTIFY_SOCKET', 'WATCHDOG_USEC'] as const;

/**
 * Talks to systemd, or another program with its protocols that started this process: about the sockets that it passed,
 * and about the state of the service. The object owns the notifier and the sockets that are not taken, and `close` ends
 * both.
 */
export class ServiceManager {
  readonly sockets: Inherited;
  readonly notifyFd: number | undefined;
  /** The variables for a successor, among those that were removed from the environment. */
  readonly newPrimaryEnv: NodeJS.ProcessEnv;
  readonly #notifier: Notifier | undefined;
  readonly #log: Log;

  /**
   * Reads the environment.
   *
   * @param notifyFd the descriptor from the primary before this one.
   * @throws UsageError when what was passed does not match its description.
   */
  constructor(env: NodeJS.ProcessEnv, log: Log, notifyFd: number | undefined) {
    const { sockets, notify } = passed(env);
    this.#log = log;
    this.sockets = new Inherited(sockets);
    this.notifyFd = notifyFd ?? notify;
    this.newPrimaryEnv = Object.fromEntries(PASSED_ON.map((name) => [name, env[name]]));
    this.#notifier = createNotifier(env, {
      onError: (message) => log('systemd not told', { message }),
      fd: this.notifyFd,
    });
  }

  announce(announcement: Announcement): void {
    switch (announcement.what) {
      case 'ready':
        this.#closeLeftovers();
        return this.#notifier?.ready();
      case 'reloading':
        return this.#notifier?.reloading();
      case 'stopping':
        return this.#notifier?.stopping();
      case 'upgraded':
        return this.#notifier?.mainPid(announcement.pid);
    }
  }

  async close(): Promise<void> {
    this.sockets.close();
    await this.#notifier?.close();
  }

  /** Closes unused sockets, as tableflip does: a socket that no worker wants by now would only swallow connections. */
  #closeLeftovers(): void {
    const leftovers = this.sockets.leftovers();
    if (leftovers.length === 0) return;
    this.#log('sockets unused', { sockets: leftovers.join(' ') });
    this.sockets.close();
  }
}

function passed(env: NodeJS.ProcessEnv): ReturnType<typeof inheritedSockets> {
  try {
    return inheritedSockets(env);
  } catch (error) {
    if (!(error instanceof InheritError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
