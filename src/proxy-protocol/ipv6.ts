import { SocketAddress } from 'node:net';

/** Writes an address as the kernel does (RFC 5952). @param address any notation that Node takes */
export function canonicalIpv6(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
