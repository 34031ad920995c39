import type { FleetEvent } from './events.ts';

/**
 * What the primary's signals mean: nginx's HUP and USR2, Unicorn's TTIN and TTOU. On SIGINT somebody waits at a terminal,
 * so idle connections are not kept for long; on SIGTERM a load balancer may still be sending requests over its own.
 */
const meanings: ReadonlyArray<readonly [NodeJS.Signals, (gracePeriod: number) => FleetEvent]> = [
  ['SIGTERM', (grace) => ({ type: 'stop', signal: 'SIGTERM', idle: Math.min(5000, grace / 2) })],
  ['SIGINT', (grace) => ({ type: 'stop', signal: 'SIGINT', idle: Math.min(1000, grace / 2) })],
  ['SIGHUP', () => ({ type: 'reload' })],
  ['SIGUSR2', () => ({ type: 'upgrade' })],
  ['SIGTTIN', () => ({ type: 'scale', to: { by: 1 } })],
  ['SIGTTOU', () => ({ type: 'scale', to: { by: -1 } })],
];

/**
 * Turns signals into events until the returned function is called.
 *
 * @param gracePeriod the shutdown grace period, ms.
 */
export function listenToSignals(post: (event: FleetEvent) => void, gracePeriod: number): () => void {
  const removers = meanings.map(([signal, meaning]) => {
    const handler = (): void => post(meaning(gracePeriod));
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
