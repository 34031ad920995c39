import { isAddress } from './networks.ts';

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
