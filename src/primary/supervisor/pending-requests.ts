import type { Outcome } from '../../contract/outcome.ts';
import type { RequestId } from '../fleet/events.ts';

/** Those who asked for an operation and wait for how it ends. Each gets exactly one answer. */
export class PendingRequests {
  readonly #waiting = new Map<RequestId, (outcome: Outcome) => void>();
  #ids = 0;

  /** @param ask starts what is waited for, under the id that `settle` will be called with. */
  wait(ask: (request: RequestId) => void): Promise<Outcome> {
    const request = ++this.#ids;
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      ask(request);
    });
  }

  settle(request: RequestId, outcome: Outcome): void {
    this.#waiting.get(request)?.(outcome);
    this.#waiting.delete(request);
  }

  /** Nothing will come any more. */
  close(reason: string): void {
    for (const request of this.#waiting.keys()) this.settle(request, { ok: false, reason });
  }
}
