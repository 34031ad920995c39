import type { Health, MetricReading, RequestsByClient } from '../../../contract/canary.ts';
import { printable } from '../../../format/printable.ts';
import type { WorkerMessage } from '../../../ipc/messages.ts';
import type { WorkerId } from '../../fleet/ids.ts';

/** An answer older than this says nothing of the moment, ms. Workers are asked every second. */
const GOOD_FOR_MS = 5000;

/** What a worker said of itself. */
export interface HealthReport {
  readonly health: Health | undefined;
  readonly metrics: ReadonlyArray<MetricReading | undefined>;
  readonly clients: RequestsByClient;
}

interface Said extends HealthReport {
  readonly at: number;
}

export interface HealthReportsParts {
  /** Returns the names of the application's metrics that are asked for. A reload may change them. */
  readonly names: () => readonly string[];
  readonly send: (worker: WorkerId, names: readonly string[]) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/** What workers last said of themselves: `worker.health`, metrics of their own registries, and whose requests were given up. Owns nothing but memory. */
export class HealthReports {
  readonly #parts: HealthReportsParts;
  readonly #said = new Map<WorkerId, Said>();
  #asked: readonly string[] = [];

  constructor(parts: HealthReportsParts) {
    this.#parts = parts;
  }

  ask(workers: Iterable<WorkerId>): void {
    const names = this.#parts.names();
    // What was said of other metrics would be taken for these.
    if (names.join('\0') !== this.#asked.join('\0')) this.#said.clear();
    this.#asked = names;
    for (const worker of workers) this.#parts.send(worker, names);
  }

  /** Takes an answer, whose fields have been checked. A worker may say anything in them. */
  answered(
    worker: WorkerId,
    { ok, reason, readings, clients }: Omit<Extract<WorkerMessage, { type: 'health' }>, 'type'>,
  ): void {
    const { now } = this.#parts;
    this.#said.set(worker, {
      at: now(),
      health: ok === null ? undefined : { ok, reason: printable(reason) },
      metrics: this.#asked.map((_, index) => readings[index] ?? undefined),
      // There are many samples of a watch, and counts by client are most of them.
      clients: { requests: Uint32Array.from(clients.requests), abandoned: Uint32Array.from(clients.abandoned) },
    });
  }

  /** @returns undefined when the worker has not said anything lately. */
  of(worker: WorkerId): HealthReport | undefined {
    const said = this.#said.get(worker);
    return said !== undefined && this.#parts.now() - said.at <= GOOD_FOR_MS ? said : undefined;
  }

  gone(worker: WorkerId): void {
    this.#said.delete(worker);
  }
}
