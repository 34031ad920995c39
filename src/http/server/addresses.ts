/** Counts the connections of each address. It knows no address without a connection, so it cannot be filled. */
export class Addresses {
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#counts.size;
  }

  /** @returns false when the address has as many as it may. */
  take(address: string, limit: number): boolean {
    const count = this.#counts.get(address) ?? 0;
    if (count >= limit) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  /** Notes that a connection which was taken has closed. */
  give(address: string): void {
    const count = this.#counts.get(address)! - 1;
    if (count === 0) this.#counts.delete(address);
    else this.#counts.set(address, count);
  }
}
