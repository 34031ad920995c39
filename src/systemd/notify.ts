import { Notifier } from './notifier.ts';
import { commandTransport, fileTransport } from './transport.ts';

export interface NotifierOptions {
  /** Hears once why systemd cannot be told. */
  readonly onError: (message: string) => void;
  /** A file descriptor that is connected to systemd's socket: `Inheritance.notify`. Default: the command is run. */
  readonly fd?: number | undefined;
  /** The pid that `WATCHDOG_PID` has to name. */
  readonly pid?: number;
}

/** Node turns a longer time into 1 ms, and systemd may wait for centuries. */
const LONGEST_TIMER_MS = 0x7fffffff;

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'];

/**
 * Makes the notifier where systemd started this process in a unit of `Type=notify` or `notify-reload`.
 *
 * The variables are removed from the environment, so that no worker tells systemd anything: the first worker that is
 * ready is not the service.
 *
 * @returns undefined where systemd expects no messages.
 */
export function createNotifier(env: NodeJS.ProcessEnv, options: NotifierOptions): Notifier | undefined {
  const { NOTIFY_SOCKET: socket } = env;
  const watchdog = watchdogInterval(env, options.pid ?? process.pid);
  for (const variable of VARIABLES) delete env[variable];
  if (socket === undefined || socket === '') return undefined;
  const transport = options.fd === undefined ? commandTransport(socket) : fileTransport(options.fd);
  return new Notifier(transport, watchdog, options.onError);
}

/** Returns half of the time that systemd waits, in ms, if it waits for this process: see sd_watchdog_enabled(3). */
function watchdogInterval({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number): number | undefined {
  const isMeant = WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid);
  const microseconds = Number(WATCHDOG_USEC);
  return isMeant && microseconds > 0 ? Math.min(microseconds / 2000, LONGEST_TIMER_MS) : undefined;
}
