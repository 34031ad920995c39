import { clientOf, isAddress } from './networks.ts';

/** The number of fields of a peer. */
const FIELDS = 3;

/** The far end of a connection, as `getpeername` of a handle tells it. */
export interface Peer {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

/** Another process may have made it. What a peer does not have is refused too, because the value goes on to others. */
export function isPeer(value: unknown): value is Peer {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== FIELDS) return false;
  const { address, family, port } = value as Partial<Peer>;
  return typeof address === 'string' && family === familyOf(address) && isPort(port);
}

/** @returns undefined for what is no address. A proxy names no interface (`%eth0`). */
function familyOf(address: string): Peer['family'] | undefined {
  if (!isAddress(address)) return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

/** The place for clients that are not known. */
export const UNKNOWN_CLIENT = 0;

/**
 * The number of places in which the requests of clients are counted, by a hash of their addresses, with {@link UNKNOWN_CLIENT}. A client shares its
 * place with others where there are many. Then each place has little of the traffic.
 */
export const CLIENT_PLACES = 33;

/** @param address empty for clients of a Unix socket, which have none, and are one client. */
export function clientPlaceOf(address: string): number {
  // FNV-1a, with a shift so that high bits reach low ones.
  let hash = 0x811c9dc5;
  for (const char of clientOf(address)) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  return 1 + (((hash ^ (hash >>> 15)) >>> 0) % (CLIENT_PLACES - 1));
}
