interface Entry {
  readonly at: number;
  readonly order: number;
  readonly isIdle: boolean;
  readonly what: () => void;
}

/**
 * Future events in the order of their times, with a clock that jumps from one to the next. The order is kept in a
 * binary heap.
 */
export class Agenda {
  now = 0;
  readonly #heap: Entry[] = [];
  #orders = 0;
  #busy = 0;

  at(time: number, what: () => void): void {
    this.#push(time, what, false);
  }

  after(delay: number, what: () => void): void {
    this.#push(this.now + delay, what, false);
  }

  /** Schedules like `after`, but for events that recur for ever and must not keep the simulation going. */
  idle(delay: number, what: () => void): void {
    this.#push(this.now + delay, what, true);
  }

  /** Tells whether any event is left that is not idle. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  next(): void {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    if (!first.isIdle) this.#busy--;
    this.now = first.at;
    first.what();
  }

  #push(at: number, what: () => void, isIdle: boolean): void {
    const heap = this.#heap;
    const entry = { at, order: this.#orders++, isIdle, what };
    if (!isIdle) this.#busy++;
    let place = heap.length;
    for (let parent = (place - 1) >> 1; place > 0 && isBefore(entry, heap[parent]!); parent = (place - 1) >> 1) {
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, entry)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
