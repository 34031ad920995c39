import type { FleetEvent } from '../fleet/events.ts';
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
      isTerminalClosed()
        ? { type: 'stop', signal: 'SIGHUP', idle: Math.min(1000, grace / 2) }
        : { type: 'operate', kind: 'reload' },
  ],
  ['SIGUSR2', () => ({ type: 'operate', kind: 'upgrade' })],
  ['SIGTTIN', () => ({ type: 'operate', kind: 'scale', target: { by: 1 } })],
  ['SIGTTOU', () => ({ type: 'operate', kind: 'scale', target: { by: -1 } })],
];

/**
 * Signals as events. Owns its handlers, which `close` removes. They are there before anything that an end by a signal's
 * default would leave behind; what comes before there is a supervisor waits for it.
 */
export class Signals {
  readonly #removers: ReadonlyArray<() => void>;
  readonly #early: FleetEvent[] = [];
  #post: (event: FleetEvent) => void = (event) => void this.#early.push(event);

  /**
   * @param gracePeriod the shutdown grace period, ms.
   * @param isTerminalClosed whether there is no more the terminal that this process was started in.
   */
  constructor(gracePeriod: number, isTerminalClosed: () => boolean = terminalWatch()) {
    this.#removers = meanings.map(([signal, meaning]) => {
      const handler = (): void => this.#post(meaning(gracePeriod, isTerminalClosed));
      try {
        process.on(signal, handler);
      } catch {
        // Windows has not all of them.
        return () => {};
      }
      return () => void process.off(signal, handler);
    });
  }

  deliverTo(post: (event: FleetEvent) => void): void {
    this.#post = post;
    for (const event of this.#early.splice(0)) post(event);
  }

  close(): void {
    for (const remove of this.#removers) remove();
  }
}
