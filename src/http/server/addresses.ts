/** Counts the connections of each client, by its address. It knows no client without a connection, so it cannot be filled. */
export class Addresses {
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#counts.size;
  }

  /** @returns false when the client has as many as it may. */
  take(client: string, limit: number): boolean {
    const count = this.#counts.get(client) ?? 0;
    if (count >= limit) return false;
    this.#counts.set(client, count + 1);
    return true;
  }

  /** Notes that a connection which was taken has closed. */
  give(client: string): void {
    const count = this.#counts.get(client)! - 1;
    if (count === 0) this.#counts.delete(client);
    else this.#counts.set(client, count);
  }
}
