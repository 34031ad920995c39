import type { Family } from '../../metrics/family.ts';
import type { WorkerId } from '../fleet/events.ts';

/** How long a scrape waits for the workers, ms. Who takes longer is counted with what it said before. */
const PATIENCE = 250;

/**
 * Values of workers that have ended, all together: what is more is not kept. Workers of one application have the same, which
 * `fold` makes one; only one that makes up names has no end of them.
 */
const MOST_KEPT = 50_000;

/** Whom to ask. */
export interface Asked {
  readonly id: WorkerId;
  /** Its event loop turned a moment ago. One that does not is not waited for. */
  readonly isResponsive: boolean;
}

export interface ApplicationMetricsParts {
  readonly send: (worker: WorkerId, request: number) => void;
  /** @returns what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** Of one scrape. */
interface Round {
  readonly awaited: Set<WorkerId>;
  readonly over: () => void;
}

/**
 * What the workers' own registries of metrics have. The last answer of each is kept: it stands in for one that does not
 * answer in time, and its counters for one that has ended, so that sums over workers do not fall. Who has no metrics is
 * asked, and not waited for again.
 */
export class ApplicationMetrics {
  readonly #parts: ApplicationMetricsParts;
  readonly #answers = new Map<WorkerId, readonly Family[]>();
  readonly #rounds = new Map<number, Round>();
  /** Of workers that have ended; `fold` makes one list of them. */
  #ended: Array<readonly Family[]> = [];
  #requests = 0;

  constructor(parts: ApplicationMetricsParts) {
    this.#parts = parts;
  }

  /** One list for each worker, and those of workers that have ended. Settles within the patience, and never rejects. */
  async collect(workers: readonly Asked[]): Promise<ReadonlyArray<readonly Family[]>> {
    await this.#ask(workers);
    return [...this.#answers.values(), ...this.#ended];
  }

  /** @param families checked by then. */
  answered(worker: WorkerId, request: number, families: readonly Family[]): void {
    this.#answers.set(worker, families);
    this.#tick(worker, request);
  }

  gone(worker: WorkerId): void {
    const last = this.#answers.get(worker)?.filter(isCounted) ?? [];
    this.#answers.delete(worker);
    if (last.length > 0 && valuesOf([...this.#ended, last]) <= MOST_KEPT) this.#ended.push(last);
    for (const request of this.#rounds.keys()) this.#tick(worker, request);
  }

  /** Makes one list of those of workers that have ended. */
  async fold(merge: (lists: ReadonlyArray<readonly Family[]>) => Promise<Family[]>): Promise<void> {
    const ended = this.#ended;
    if (ended.length < 2) return;
    const merged = await merge(ended);
    // Others may have ended, or have folded, meanwhile.
    if (ended.every((list, index) => this.#ended[index] === list)) this.#ended.splice(0, ended.length, merged);
  }

  #ask(workers: readonly Asked[]): Promise<void> {
    const request = ++this.#requests;
    const awaited = new Set(workers.filter((one) => this.#isWorthWaiting(one)).map(({ id }) => id));
    return new Promise((resolve) => {
      const cancel = this.#parts.after(PATIENCE, () => over());
      const over = (): void => {
        cancel();
        this.#rounds.delete(request);
        resolve();
      };
      this.#rounds.set(request, { awaited, over });
      for (const { id, isResponsive } of workers) if (isResponsive) this.#parts.send(id, request);
      if (awaited.size === 0) over();
    });
  }

  #isWorthWaiting({ id, isResponsive }: Asked): boolean {
    return isResponsive && this.#answers.get(id)?.length !== 0;
  }

  #tick(worker: WorkerId, request: number): void {
    const round = this.#rounds.get(request);
    if (round?.awaited.delete(worker) && round.awaited.size === 0) round.over();
  }
}

function valuesOf(lists: ReadonlyArray<readonly Family[]>): number {
  let sum = 0;
  for (const { values } of lists.flat()) sum += values.length;
  return sum;
}

/** What adds up over time. How a process was that is no more is of no interest. */
function isCounted({ type, aggregator = 'sum' }: Family): boolean {
  return aggregator === 'sum' && (type === 'counter' || type === 'histogram');
}
