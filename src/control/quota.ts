import { isIPv6 } from 'node:net';

/** How far a connection has come. Who has come less far makes room for others first, and who is trusted never does. */
const stages = ['silent', 'asking', 'answered', 'trusted'] as const;

export type Stage = (typeof stages)[number];

interface Place {
  readonly client: string;
  stage: Stage;
}

/**
 * Who may keep a connection when there are too many: not who came first. Places that are held by saying nothing would
 * otherwise lock out those who have something to say. The client that has the most makes room: while there are others with
 * more, one that has few keeps them. Owns nothing.
 */
export class Quota<Connection> {
  readonly #most: number;
  /** In the order in which they came. */
  readonly #places = new Map<Connection, Place>();

  /** @param most connections in all. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#places.size;
  }

  /**
   * Gives the connection a place.
   *
   * @returns the one that has to go for it, which may be itself; undefined when there is room.
   */
  admit(connection: Connection, address: string): Connection | undefined {
    const loser = this.size < this.#most ? undefined : this.#loser(clientOf(address));
    if (this.size >= this.#most && loser === undefined) return connection;
    if (loser !== undefined) this.release(loser);
    this.#places.set(connection, { client: clientOf(address), stage: 'silent' });
    return loser;
  }

  /** It has said something, or was answered. One that has no place any more is left alone. */
  advance(connection: Connection, stage: Stage): void {
    const place = this.#places.get(connection);
    if (place !== undefined) place.stage = stage;
  }

  /** Idempotent. */
  release(connection: Connection): void {
    this.#places.delete(connection);
  }

  /** Of the clients that would have the most; or, where all that they have is trusted, of those with the next most. */
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

/** The oldest of those that have come least far. */
function leastFar<Connection>(places: ReadonlyArray<readonly [Connection, Place]>): Connection | undefined {
  const found = stages.map((stage) => places.find(([, place]) => place.stage === stage));
  return found.slice(0, stages.indexOf('trusted')).find((place) => place !== undefined)?.[0];
}

/** One client has a whole /64 of IPv6, RFC 6177. An IPv4 one is itself, also as `::ffff:192.0.2.1`. */
function clientOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // The kernel writes it out but for one `::`, which can be in the first half: then the rest of it is zeros.
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = head.split(':').filter(Boolean);
  const after = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
}
