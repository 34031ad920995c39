/**
 * Those who wait for leases, by the name of the lease. A release is looked up here once, so it costs nothing to those who
 * wait for other names, of which clients may think of thousands.
 */
export class ReleaseListeners {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** @returns a function that removes the listener. */
  add(name: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name);
    };
  }

  tell(name: string): void {
    this.#listeners.get(name)?.forEach((listener) => listener());
  }
}
