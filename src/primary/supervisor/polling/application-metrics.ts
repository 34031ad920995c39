import type { Family } from '../../../metrics/family.ts';
import type { WorkerId } from '../../fleet/ids.ts';

/** The time that a scrape waits for the workers. A worker that takes longer is counted with what it said before. */
const PATIENCE_MS = 250;

/**
 * What is kept of all workers that have ended, in characters. More is not kept. Workers of one application have the same values,
 * which `fold` merges. Only a worker that makes up names has no end of them.
 */
const MOST_KEPT_CHARACTERS = 8_388_608;
/** What a family, a value and a label take beside their text, in characters. */
const ENTRY_CHARACTERS = 100;

/** A worker to ask. */
export interface Asked {
  readonly id: WorkerId;
  /** True when its event loop turned a moment ago. A worker whose loop does not turn is not waited for. */
  readonly isResponsive: boolean;
}

export interface ApplicationMetricsParts {
  readonly send: (worker: WorkerId, request: number) => void;
  /** @returns a function that cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** The state of a scrape. */
interface Round {
  readonly awaited: Set<WorkerId>;
  readonly over: () => void;
}

/**
 * The values of the workers' own registries of metrics. The last answer of each worker is kept. It stands in for a
 * worker that does not answer in time. Its counters stand in for a worker that has ended, so that sums over workers do
 * not fall. A worker without metrics is asked, and not waited for again.
 */
export class ApplicationMetrics {
  readonly #parts: ApplicationMetricsParts;
  readonly #answers = new Map<WorkerId, readonly Family[]>();
  readonly #rounds = new Map<number, Round>();
  /** The lists of workers that have ended. `fold` makes one list of them. */
  #ended: Array<readonly Family[]> = [];
  #requests = 0;

  constructor(parts: ApplicationMetricsParts) {
    this.#parts = parts;
  }

  /**
   * Returns one list for each worker, and those of workers that have ended. Settles within the patience, and never
   * rejects.
   */
  async collect(workers: readonly Asked[]): Promise<ReadonlyArray<readonly Family[]>> {
    await this.#ask(workers);
    return [...this.#answers.values(), ...this.#ended];
  }

  /** @param families have been checked by then. */
  answered(worker: WorkerId, request: number, families: readonly Family[]): void {
    this.#answers.set(worker, families);
    this.#tick(worker, request);
  }

  gone(worker: WorkerId): void {
    const last = this.#answers.get(worker)?.filter(isCounted) ?? [];
    this.#answers.delete(worker);
    if (last.length > 0 && sizeOf([...this.#ended, last]) <= MOST_KEPT_CHARACTERS) this.#ended.push(last);
    for (const request of this.#rounds.keys()) this.#tick(worker, request);
  }

  /** Makes one list of the lists of workers that have ended. */
  async fold(merge: (lists: ReadonlyArray<readonly Family[]>) => Promise<Family[]>): Promise<void> {
    const ended = this.#ended;
    if (ended.length < 2) return;
    const merged = await merge(ended);
    // Other workers may have ended, or another scrape may have folded, meanwhile.
    if (ended.every((list, index) => this.#ended[index] === list)) this.#ended.splice(0, ended.length, merged);
  }

  #ask(workers: readonly Asked[]): Promise<void> {
    const request = ++this.#requests;
    const awaited = new Set(workers.filter((one) => this.#isWorthWaiting(one)).map(({ id }) => id));
    return new Promise((resolve) => {
      const cancel = this.#parts.after(PATIENCE_MS, () => over());
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

function sizeOf(lists: ReadonlyArray<readonly Family[]>): number {
  let size = 0;
  for (const { name, help, values } of lists.flat()) {
    size += ENTRY_CHARACTERS + name.length + help.length;
    for (const { labels, metricName = '' } of values) {
      size += ENTRY_CHARACTERS + metricName.length;
      for (const [label, value] of Object.entries(labels))
        size += ENTRY_CHARACTERS + label.length + String(value).length;
    }
  }
  return size;
}

/** Whether a family adds up over time. The last state of a process that is no more is of no interest. */
function isCounted({ type, aggregator = 'sum' }: Family): boolean {
  return aggregator === 'sum' && (type === 'counter' || type === 'histogram');
}
