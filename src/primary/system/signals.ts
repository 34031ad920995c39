import type { FleetEvent } from '../fleet/events.ts';
import { terminalWatch } from './terminal.ts';

/** What surrounds this process, and changes what a signal means. */
export interface Surroundings {
  /** Tells whether the terminal that this process was started in is gone. */
  readonly isTerminalClosed: () => boolean;
  readonly isBelowNodemon: boolean;
  /** Tells whether the primary before this one may pass a stop on, which it does once, by SIGTERM. */
  readonly mayPassStopOn: () => boolean;
}

/**
 * The meanings of the primary's signals: nginx's HUP and USR2, Unicorn's TTIN and TTOU. After SIGINT a user waits at a
 * terminal, so idle connections are not kept for long. After SIGTERM a load balancer may still be sending requests over
 * its idle connections.
 */
const meanings: ReadonlyArray<
  readonly [NodeJS.Signals, (grace: number, where: Omit<Surroundings, 'mayPassStopOn'>) => FleetEvent]
> = [
  ['SIGTERM', (grace) => ({ type: 'stop', signal: 'SIGTERM', idle: Math.min(5000, grace / 2) })],
  ['SIGINT', (grace) => ({ type: 'stop', signal: 'SIGINT', idle: Math.min(1000, grace / 2) })],
  // The kernel sends SIGHUP when a terminal is closed, but to daemons SIGHUP means a reload (signal(7)).
  [
    'SIGHUP',
    (grace, { isTerminalClosed }) =>
      isTerminalClosed()
        ? { type: 'stop', signal: 'SIGHUP', idle: Math.min(1000, grace / 2) }
        : { type: 'operate', kind: 'reload' },
  ],
  // A server is ended by nodemon with SIGUSR2. After an upgrade the next primary would serve on beside the one that nodemon
  // starts.
  [
    'SIGUSR2',
    (grace, { isBelowNodemon }) =>
      isBelowNodemon
        ? { type: 'stop', signal: 'SIGUSR2', idle: Math.min(1000, grace / 2) }
        : { type: 'operate', kind: 'upgrade' },
  ],
  ['SIGTTIN', () => ({ type: 'operate', kind: 'scale', target: { by: 1 } })],
  ['SIGTTOU', () => ({ type: 'operate', kind: 'scale', target: { by: -1 } })],
];

/**
 * Turns signals into events. The object owns its handlers, which `close` removes. The handlers are in place before
 * anything that a signal's default action would leave behind. Signals that arrive before there is a supervisor wait for
 * it.
 */
export class Signals {
  readonly #removers: ReadonlyArray<() => void>;
  readonly #early: FleetEvent[] = [];
  #post: (event: FleetEvent) => void = (event) => void this.#early.push(event);
  readonly #mayPassStopOn: () => boolean;
  #isStopPassedOn = false;

  /**
   * Installs the handlers.
   *
   * @param gracePeriod returns the shutdown grace period in ms.
   */
  constructor(gracePeriod: () => number, surroundings: Partial<Surroundings> = {}) {
    const { isTerminalClosed = terminalWatch(), isBelowNodemon = false, mayPassStopOn = () => false } = surroundings;
    this.#mayPassStopOn = mayPassStopOn;
    this.#removers = meanings.map(([signal, meaning]) => {
      const handler = (): void =>
        this.#post(this.#counted(signal, meaning(gracePeriod(), { isTerminalClosed, isBelowNodemon })));
      try {
        process.on(signal, handler);
      } catch {
        // Windows does not have all of them.
        return () => {};
      }
      return () => void process.off(signal, handler);
    });
  }

  /**
   * What ends a whole group of processes (a terminal, a service manager) reaches the next primary of an upgrade by itself, and by
   * the primary before it, in either order. A user's second signal is then the third one that comes.
   */
  #counted(signal: NodeJS.Signals, event: FleetEvent): FleetEvent {
    if (event.type !== 'stop' || signal !== 'SIGTERM' || this.#isStopPassedOn || !this.#mayPassStopOn()) return event;
    this.#isStopPassedOn = true;
    return { ...event, isPassedOn: true };
  }

  deliverTo(post: (event: FleetEvent) => void): void {
    this.#post = post;
    for (const event of this.#early.splice(0)) post(event);
  }

  close(): void {
    for (const remove of this.#removers) remove();
  }
}
