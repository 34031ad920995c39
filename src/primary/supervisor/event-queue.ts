import type { FleetEvent } from '../fleet/events.ts';
import type { WorkerSaid } from '../workers/worker-processes.ts';
import type { Look } from './polling/health-poller.ts';

/** An event of the fleet, a message of a worker, or the time for a look at the workers. */
export type QueuedEvent = FleetEvent | WorkerSaid | Look;

/**
 * The only queue, through which everything that happens goes. Those who post know the queue alone. The supervisor takes
 * the events, one at a time, from when it runs.
 */
export class EventQueue {
  readonly #events: QueuedEvent[] = [];
  #handle: ((event: QueuedEvent) => void) | undefined;
  #isHandling = false;

  /** Takes an event. Handling starts at once, or, while another event is being handled, after that one. */
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
