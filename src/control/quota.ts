import { clientOf } from '../contract/networks.ts';

/**
 * The progress of a connection. Connections with less progress are closed first, and trusted ones never. A partial request is no progress,
 * because it costs the client nothing.
 */
const stages = ['arriving', 'answered', 'trusted'] as const;

export type Stage = (typeof stages)[number];

/** How long a new connection is safe, ms: its request comes with it, or as long after it as the network takes. */
export const SAFE_MS = 100;

/** While new connections are safe, there may be so many times as many for a moment. */
const MOST_FOR_A_MOMENT = 3;

/** All addresses of the loopback are at the disposal of each user of this machine. */
const LOOPBACK = 'loopback';

/** The network of `::1`, as `clientOf` has it. */
const IPV6_LOOPBACK = '0:0:0:0';

/** The connections of a client that are not trusted. */
interface Client {
  readonly name: string;
  count: number;
}

interface Place {
  readonly client: Client;
  /** When the connection came, ms. */
  readonly since: number;
  stage: number;
}

const TRUSTED = stages.indexOf('trusted');

/**
 * Decides which connections stay when there are too many. The client with the most connections loses one: one of those that have made the
 * least progress, by chance. The order of arrival does not decide: by it, clients that connect fast enough could choose who has to go. A new
 * connection is safe for a moment, so that its request is answered however many others come. The quota owns nothing.
 */
export class Quota<Connection> {
  readonly #most: number;
  readonly #random: () => number;
  readonly #places = new Map<Connection, Place>();
  readonly #clients = new Map<string, Client>();
  #trusted = 0;

  /**
   * Creates the quota.
   *
   * @param most the number of connections in all.
   * @param random chooses among equals: a number from 0 up to 1.
   */
  constructor(most: number, random: () => number = Math.random) {
    this.#most = most;
    this.#random = random;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Whether there are more connections than there may be, so that {@link settle} has to be called. */
  get isOverfull(): boolean {
    return this.size > this.#most;
  }

  /**
   * Gives the connection a place.
   *
   * @param now the monotonic time, ms.
   * @returns the connection that has to go, which may be this one; undefined when there is room.
   */
  admit(connection: Connection, address: string, now: number): Connection | undefined {
    this.#places.set(connection, { client: this.#join(address), since: now, stage: 0 });
    if (!this.isOverfull) return undefined;
    const isFull = this.size > this.#most * MOST_FOR_A_MOMENT || this.#trusted >= this.#most;
    return this.#dismiss(isFull ? now : now - SAFE_MS);
  }

  /** @returns the connections that have to go, as they are safe no longer */
  settle(now: number): Connection[] {
    const losers: Connection[] = [];
    while (this.isOverfull) {
      const loser = this.#dismiss(now - SAFE_MS);
      if (loser === undefined) break;
      losers.push(loser);
    }
    return losers;
  }

  /** Records progress. A connection without a place is ignored. */
  advance(connection: Connection, stage: Stage): void {
    const place = this.#places.get(connection);
    const next = stages.indexOf(stage);
    if (place === undefined || next <= place.stage) return;
    place.stage = next;
    if (next !== TRUSTED) return;
    this.#trusted++;
    this.#leave(place.client);
  }

  /** Frees the place. A second call does nothing. */
  release(connection: Connection): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    if (place.stage === TRUSTED) this.#trusted--;
    else this.#leave(place.client);
  }

  #join(address: string): Client {
    const name = nameOf(address);
    const client = this.#clients.get(name) ?? { name, count: 0 };
    client.count++;
    this.#clients.set(name, client);
    return client;
  }

  #leave(client: Client): void {
    if (--client.count === 0) this.#clients.delete(client.name);
  }

  /**
   * Takes its place from one of the connections that came at that time or before it. It is one of those that have to go first: where all of
   * these are safe, others do not go in their place.
   *
   * @returns undefined when all of them are trusted, or safe.
   */
  #dismiss(cameBy: number): Connection | undefined {
    let loser: Connection | undefined;
    let least: Place | undefined;
    let equals = 0;
    // This runs for each connection of a flood, so it is a single pass. Of equals, each has the same chance (reservoir sampling).
    for (const [connection, place] of this.#places) {
      if (place.stage === TRUSTED) continue;
      const order = least === undefined ? -1 : least.client.count - place.client.count || place.stage - least.stage;
      if (order > 0) continue;
      if (order < 0) {
        least = place;
        loser = undefined;
        equals = 0;
      }
      if (place.since > cameBy) continue;
      equals++;
      if (this.#random() * equals < 1) loser = connection;
    }
    if (loser !== undefined) this.release(loser);
    return loser;
  }
}

function nameOf(address: string): string {
  const client = clientOf(address);
  return client.startsWith('127.') || client === IPV6_LOOPBACK ? LOOPBACK : client;
}
