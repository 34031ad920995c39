import { parseAddress } from './networks.ts';

/** The far end of a connection, as `getpeername` of a handle tells it. */
export interface Peer {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
}

/** Another process may have made it. */
export function isPeer(value: unknown): value is Peer {
  if (typeof value !== 'object' || value === null) return false;
  const { address, family, port } = value as Partial<Peer>;
  const isFamily = family === 'IPv4' || family === 'IPv6';
  return isFamily && typeof address === 'string' && parseAddress(address) !== undefined && isPort(port);
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}
