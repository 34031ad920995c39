/** How many connections each address has. It knows none that has no connection, so that it cannot be filled. */
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

  /** One that was taken has closed. */
  give(address: string): void {
    const count = this.#counts.get(address)! - 1;
    if (count === 0) this.#counts.delete(address);
    else this.#counts.set(address, count);
  }
}
