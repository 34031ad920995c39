import { Notifier } from './notifier.ts';
import { commandTransport, fileTransport } from './transport.ts';

export interface NotifierOptions {
  /** Hears once why systemd cannot be told. */
  readonly onError: (message: string) => void;
  /** A file descriptor that is connected to systemd's socket: `Inheritance.notify`. Default: the command is run. */
  readonly fd?: number | undefined;
  /** Whom `WATCHDOG_PID` has to name. */
  readonly pid?: number;
}

/** What is longer, Node makes 1 ms, and systemd may be told to wait for centuries. */
const LONGEST_TIMER = 0x7fffffff;

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/**
 * What tells systemd how the service is, where this process was started by systemd in a unit of `Type=notify` or
 * `notify-reload`.
 *
 * The variables are taken out of the environment, so that no worker tells systemd anything: the first of several that is
 * ready is not the service.
 *
 * @returns undefined where nobody waits to be told.
 */
export function createNotifier(env: NodeJS.ProcessEnv, options: NotifierOptions): Notifier | undefined {
  const { NOTIFY_SOCKET: socket } = env;
  const watchdog = watchdogInterval(env, options.pid ?? process.pid);
  for (const variable of VARIABLES) delete env[variable];
  if (socket === undefined || socket === '') return undefined;
  const transport = options.fd === undefined ? commandTransport(socket) : fileTransport(options.fd);
  return new Notifier(transport, watchdog, options.onError);
}

/** sd_watchdog_enabled(3): half of what systemd waits, ms, if it waits for this process. */
function watchdogInterval({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const isMeant = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  const microseconds = Number(WATCHDOG_USEC);
  return isMeant && microseconds > 0 ? Math.min(microseconds / 2000, LONGEST_TIMER) : undefined;
}
