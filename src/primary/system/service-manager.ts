import { inheritedSockets, InheritError } from '../../listeners/inherit.ts';
import { Inherited } from '../../listeners/inherited.ts';
import { UsageError } from '../../errors.ts';
import { createNotifier } from '../../systemd/notify.ts';
import type { Notifier } from '../../systemd/notifier.ts';
import type { Announcement } from '../fleet/events.ts';
import type { Log } from '../telemetry/log.ts';

/** What the next primary needs of this one's environment in order to tell systemd, too. */
const PASSED_ON = ['NOTIFY_SOCKET', 'WATCHDOG_USEC'] as const;

/**
 * systemd, or whoever else speaks its protocols and has started this process: sockets that it passed, and how the service
 * is. Owns the notifier and the sockets that nobody has taken; `close` ends both.
 */
export class ServiceManager {
  readonly sockets: Inherited;
  readonly notifyFd: number | undefined;
  /** Of the variables that were taken out of the environment, those for a successor. */
  readonly newPrimaryEnv: NodeJS.ProcessEnv;
  readonly #notifier: Notifier | undefined;
  readonly #log: Log;

  /**
   * @param notifyFd from the primary before this one.
   * @throws UsageError when what was passed is not what it says.
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

  /** tableflip's rule: what nobody wanted by now would only swallow connections. */
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
