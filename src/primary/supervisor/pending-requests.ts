import type { Outcome } from '../../contract/outcome.ts';
import type { RequestId } from '../fleet/ids.ts';

/** The requests for operations that wait for the outcome. Each gets exactly one answer. */
export class PendingRequests {
  readonly #waiting = new Map<RequestId, (outcome: Outcome) => void>();
  #ids = 0;

  /** @param ask starts the operation, under the id with which `answer` will be called. */
  wait(ask: (request: RequestId) => void): Promise<Outcome> {
    const request = ++this.#ids;
    return new Promise((resolve) => {
      this.#waiting.set(request, resolve);
      ask(request);
    });
  }

  answer(request: RequestId, outcome: Outcome): void {
    this.#waiting.get(request)?.(outcome);
    this.#waiting.delete(request);
  }

  /** Answers all requests that still wait: no outcome will come any more. */
  close(reason: string): void {
    for (const request of this.#waiting.keys()) this.answer(request, { ok: false, reason });
  }
}
