import { BindError, Listener, type ListenerDescription, type OpenOptions } from './listener.ts';
import { MOST_SOCKETS } from '../contract/limits.ts';
import type { ListenQuery } from '../contract/listening.ts';
import { SocketAssignments } from './socket-assignments.ts';

/** The sockets that one primary leaves to the next: descriptors, and the names by which they are found. */
export interface SocketManifest {
  readonly listeners: ReadonlyArray<ListenerDescription & { readonly key: string }>;
  /** The port that the n-th `listen(0)` got. */
  readonly ephemeral: ReadonlyArray<readonly [nth: string, port: number]>;
}

export interface Entry {
  readonly key: string;
  readonly listener: Listener;
  readonly seats: SocketAssignments;
}

/** The number of ports, and of names of listeners, that are remembered. A worker may open and close as many as it likes. */
const MOST_REMEMBERED = 4 * MOST_SOCKETS;

/**
 * The listeners, by the address that was asked for. The directory owns them. `close` closes all, and also those that
 * are still being opened.
 */
export class Directory {
  readonly #options: OpenOptions;
  readonly #entries = new Map<number, Entry>();
  readonly #byKey = new Map<string, Entry>();
  /** Also those of listeners that are closed: connections of theirs are still there. The oldest ones go first. */
  readonly #keys = new Map<number, string>();
  /**
   * The port that the n-th `listen(0)` got: the same in every worker, also in those to come. A program that goes on asking
   * for ports gets others in each worker when there are too many to remember.
   */
  readonly #ephemeral = new Map<string, number>();
  #ids = 0;
  #isClosed = false;

  constructor(options: OpenOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  entries(): Iterable<Entry> {
    return this.#entries.values();
  }

  keyOf(id: number): string | undefined {
    return this.#keys.get(id);
  }

  find(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  get(id: number): Entry | undefined {
    return this.#entries.get(id);
  }

  /** Whether the listener of an address is open. */
  has(query: ListenQuery): boolean {
    const port = query.port === 0 ? this.#ephemeral.get(nthOf(query)) : query.port;
    return port !== undefined && this.#byKey.has(keyOf({ ...query, port }));
  }

  /**
   * Returns the listener of an address, and opens it if there is none. Callers must ask one at a time, because two
   * calls at once would open two.
   *
   * @param slot the slot whose socket is bound first.
   * @throws BindError
   */
  async open(query: ListenQuery, slot: number): Promise<Entry> {
    if (query.port !== 0) return this.#findOrBind(query, slot);
    const nth = nthOf(query);
    const port = this.#ephemeral.get(nth);
    if (port !== undefined) {
      try {
        return await this.#findOrBind({ ...query, port }, slot);
      } catch (error) {
        // No worker had the port open for a moment, and another program took it. Any other port is as good.
        if (!(error instanceof BindError)) throw error;
      }
    }
    const entry = await this.#bind(query, slot);
    if (port !== undefined || this.#ephemeral.size < MOST_REMEMBERED) this.#ephemeral.set(nth, entry.listener.port);
    return entry;
  }

  remove({ listener, key }: Entry): void {
    this.#entries.delete(listener.id);
    if (this.#byKey.get(key)?.listener === listener) this.#byKey.delete(key);
    listener.close();
  }

  manifest(): SocketManifest {
    const listeners = [...this.#entries.values()].map(({ key, listener }) => ({ key, ...listener.describe() }));
    return { listeners, ephemeral: [...this.#ephemeral] };
  }

  /**
   * Takes over the listeners of another primary.
   *
   * @returns the new entries.
   * @throws BindError
   */
  inherit({ listeners, ephemeral }: SocketManifest): Entry[] {
    for (const [nth, port] of ephemeral) this.#ephemeral.set(nth, port);
    return listeners.map(({ key, ...description }) =>
      this.#add(key, Listener.inherit(++this.#ids, description, this.#options)),
    );
  }

  /**
   * Closes all listeners.
   *
   * @param keepFiles when another primary serves with the same sockets.
   */
  close(keepFiles: boolean): void {
    this.#isClosed = true;
    for (const { listener } of this.#entries.values()) listener.close({ keepFile: keepFiles });
    this.#entries.clear();
    this.#byKey.clear();
  }

  async #findOrBind(query: ListenQuery, slot: number): Promise<Entry> {
    const key = keyOf(query);
    return this.find(key) ?? (await this.#bind(query, slot));
  }

  async #bind(query: ListenQuery, slot: number): Promise<Entry> {
    const listener = await Listener.open(++this.#ids, query, slot, this.#options);
    // The key has the port that was assigned, so that a later `listen` on that port by number finds the listener.
    return this.#add(keyOf(query.port === 0 ? { ...query, port: listener.port } : query), listener);
  }

  /** Forgets a listener that is closed, which has the least to do with what is still on its way. */
  #forgetOldest(): void {
    for (const id of this.#keys.keys()) {
      if (this.#entries.has(id)) continue;
      this.#keys.delete(id);
      return;
    }
  }

  #add(key: string, listener: Listener): Entry {
    const entry: Entry = { key, listener, seats: new SocketAssignments() };
    this.#keys.set(listener.id, key);
    if (this.#keys.size > MOST_REMEMBERED) this.#forgetOldest();
    if (this.#isClosed) {
      listener.close();
    } else {
      this.#entries.set(listener.id, entry);
      this.#byKey.set(key, entry);
    }
    return entry;
  }
}

/** Returns the key by which a listener is found. Two requests for the same address get the same listener. */
function keyOf({ family, address, port, ipv6Only }: ListenQuery): string {
  return `${family} ${address ?? '*'} ${port}${ipv6Only ? ' ipv6Only' : ''}`;
}

/** Returns the name by which the port of a `listen(0)` is remembered. */
function nthOf(query: ListenQuery): string {
  return `${keyOf(query)} ${query.ordinal}`;
}
