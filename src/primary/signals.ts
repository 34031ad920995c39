import type { FleetEvent } from './events.ts';
import { terminalWatch } from './terminal.ts';

/**
 * What the primary's signals mean: nginx's HUP and USR2, Unicorn's TTIN and TTOU. On SIGINT somebody waits at a terminal,
 * so idle connections are not kept for long; on SIGTERM a load balancer may still be sending requests over its own.
 */
const meanings: ReadonlyArray<
  readonly [NodeJS.Signals, (gracePeriod: number, isTerminalClosed: () => boolean) => FleetEvent]
> = [
  ['SIGTERM', (grace) => ({ type: 'stop', signal: 'SIGTERM', idle: Math.min(5000, grace / 2) })],
  ['SIGINT', (grace) => ({ type: 'stop', signal: 'SIGINT', idle: Math.min(1000, grace / 2) })],
  // The kernel's word for a terminal that was closed is the daemons' for a reload (signal(7)).
  [
    'SIGHUP',
    (grace, isTerminalClosed) =>
      isTerminalClosed() ? { type: 'stop', signal: 'SIGHUP', idle: Math.min(1000, grace / 2) } : { type: 'reload' },
  ],
  ['SIGUSR2', () => ({ type: 'upgrade' })],
  ['SIGTTIN', () => ({ type: 'scale', to: { by: 1 } })],
  ['SIGTTOU', () => ({ type: 'scale', to: { by: -1 } })],
];

/**
 * Turns signals into events until the returned function is called.
 *
 * @param gracePeriod the shutdown grace period, ms.
 * @param isTerminalClosed whether there is no more the terminal that this process was started in.
 */
export function listenToSignals(
  post: (event: FleetEvent) => void,
  gracePeriod: number,
  isTerminalClosed: () => boolean = terminalWatch(),
): () => void {
  const removers = meanings.map(([signal, meaning]) => {
    const handler = (): void => post(meaning(gracePeriod, isTerminalClosed));
    try {
      process.on(signal, handler);
    } catch {
      // Windows has not all of them.
      return () => {};
    }
    return () => void process.off(signal, handler);
  });
  return () => {
    for (const remove of removers) remove();
  };
}
