import type { FleetEvent } from '../fleet/events.ts';
import type { WorkerSaid } from '../workers/worker-processes.ts';
import type { Look } from './polling/health-poller.ts';

/** An event of the fleet, a message of a worker, or the time for a look at the workers. */
export type QueuedEvent = FleetEvent | WorkerSaid | Look;

/**
 * The one queue through which every event passes. Those who post events know only the queue. Once it runs, the supervisor
 * takes them one at a time.
 */
export class EventQueue {
  readonly #events: QueuedEvent[] = [];
  #handle: ((event: QueuedEvent) => void) | undefined;
  #isHandling = false;

  /** Adds an event. It is handled when `run` has been called and all events before it have been handled: at once, if there are none. */
  readonly post = (event: QueuedEvent): void => {
    this.#events.push(event);
    this.#handleAll();
  };

  /** Handles events from now on: those that have come before, and then this one. */
  run(handle: (event: QueuedEvent) => void, first: QueuedEvent): void {
    this.#handle = handle;
    this.post(first);
  }

  #handleAll(): void {
    const handle = this.#handle;
    if (handle === undefined || this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) handle(next);
    } finally {
      this.#isHandling = false;
    }
  }
}
