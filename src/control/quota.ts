import { clientOf } from '../contract/peer.ts';

/** The progress of a connection. Connections with less progress are closed first, and trusted ones never. */
const stages = ['silent', 'asking', 'answered', 'trusted'] as const;

export type Stage = (typeof stages)[number];

interface Place {
  readonly client: string;
  stage: Stage;
}

/**
 * Decides which connections stay when there are too many. The order of arrival does not decide, because clients that
 * connect and say nothing could lock out the others. The client with the most connections loses one. A client with few
 * keeps them while others have more. The quota owns nothing.
 */
export class Quota<Connection> {
  readonly #most: number;
  /** The places, in the order of arrival. */
  readonly #places = new Map<Connection, Place>();

  /**
   * Creates the quota.
   *
   * @param most the number of connections in all.
   */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#places.size;
  }

  /**
   * Gives the connection a place.
   *
   * @returns the connection that has to go, which may be this one; undefined when there is room.
   */
  admit(connection: Connection, address: string): Connection | undefined {
    const loser = this.size < this.#most ? undefined : this.#loser(clientOf(address));
    if (this.size >= this.#most && loser === undefined) return connection;
    if (loser !== undefined) this.release(loser);
    this.#places.set(connection, { client: clientOf(address), stage: 'silent' });
    return loser;
  }

  /** Records progress: the connection has sent something or was answered. A connection without a place is ignored. */
  advance(connection: Connection, stage: Stage): void {
    const place = this.#places.get(connection);
    if (place !== undefined) place.stage = stage;
  }

  /** Frees the place. A second call does nothing. */
  release(connection: Connection): void {
    this.#places.delete(connection);
  }

  /**
   * Chooses a connection of the clients that would have the most. When all of theirs are trusted, the clients with the
   * next most are considered.
   */
  #loser(newcomer: string): Connection | undefined {
    const counts = new Map([[newcomer, 1]]);
    for (const { client } of this.#places.values()) counts.set(client, (counts.get(client) ?? 0) + 1);
    for (const count of [...new Set(counts.values())].toSorted((one, other) => other - one)) {
      const rivals = [...this.#places].filter(([, { client }]) => counts.get(client) === count);
      const loser = leastFar(rivals);
      if (loser !== undefined) return loser;
    }
    return undefined;
  }
}

/** Returns the oldest connection with the least progress. */
function leastFar<Connection>(places: ReadonlyArray<readonly [Connection, Place]>): Connection | undefined {
  const found = stages.map((stage) => places.find(([, place]) => place.stage === stage));
  return found.slice(0, stages.indexOf('trusted')).find((place) => place !== undefined)?.[0];
}
