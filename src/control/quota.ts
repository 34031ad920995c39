import { isIPv6 } from 'node:net';

/** How far a connection has come. Who has come less far makes room for others first, and who is trusted never does. */
const stages = ['silent', 'asking', 'answered', 'trusted'] as const;

export type Stage = (typeof stages)[number];

export interface QuotaOptions {
  /** Connections in all. */
  readonly most: number;
  /** Connections of one address, so that one client does not have them all. */
  readonly share: number;
}

interface Place {
  readonly client: string;
  stage: Stage;
}

/**
 * Who may keep a connection when there are too many: not who came first. Places that are held by saying nothing would
 * otherwise lock out those who have something to say. Pure but for what it remembers.
 */
export class Quota<Connection> {
  readonly #options: QuotaOptions;
  /** In the order in which they came. */
  readonly #places = new Map<Connection, Place>();

  constructor(options: QuotaOptions) {
    this.#options = options;
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
    const client = clientOf(address);
    const ofClient = [...this.#places].filter(([, place]) => place.client === client);
    const rivals = ofClient.length >= this.#options.share ? ofClient : [...this.#places];
    const isFull = rivals === ofClient || this.size >= this.#options.most;
    const loser = isFull ? leastFar(rivals) : undefined;
    if (isFull && loser === undefined) return connection;
    this.#places.set(connection, { client, stage: 'silent' });
    if (loser !== undefined) this.release(loser);
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
}

/** The oldest of those that have come least far. */
function leastFar<Connection>(places: ReadonlyArray<readonly [Connection, Place]>): Connection | undefined {
  for (const stage of stages) {
    if (stage === 'trusted') return undefined;
    const found = places.find(([, place]) => place.stage === stage);
    if (found !== undefined) return found[0];
  }
  return undefined;
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
