import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { Network } from '../contract/modes.ts';

/** The argument of `net.Server#listen`: either a port (and host) or a path. */
export type ListenTarget =
  | { readonly port: number; readonly host?: string; readonly ipv6Only?: boolean }
  | { readonly path: string };

const expected = 'expected ":8080", 8080, "host:port", "[::1]:port", "unix:/path" or "systemd:name"';

/** The prefix of the name of a socket that systemd passed. It stands in place of a path. */
export const SYSTEMD_PREFIX = 'systemd:';

/**
 * The prefix of the number of a descriptor that the server was started with (`listen({ fd: 3 })`). It stands in place
 * of a path.
 */
export const DESCRIPTOR_PREFIX = 'fd:';

/**
 * Parses an address as fasthttp and Go write it.
 *
 * @param address `:8080`, `8080` (a number or its digits), `host:port`, `[::1]:port`, `unix:/path`, or `systemd:name`
 *   for a socket that systemd passed. Port 0 asks the kernel for a free one.
 * @param network the family of an address without a host, default `tcp`.
 * @throws TypeError with code `ERR_INVALID_ADDRESS` that names the address and what was expected.
 */
export function parseAddress(address: string | number, network: Network = 'tcp'): ListenTarget {
  if (typeof address === 'number') return tcpTarget('', address, network, address);
  if (address.startsWith('unix:')) return unixTarget(address);
  if (address.startsWith(SYSTEMD_PREFIX)) return systemdTarget(address);

  const colon = address.lastIndexOf(':');
  const host = colon === -1 ? '' : address.slice(0, colon);
  const port = address.slice(colon + 1);
  if (!/^\d{1,5}$/.test(port)) throw invalidAddress(address);
  if (host.startsWith('[')) {
    const inner = host.slice(1, -1);
    if (!host.endsWith(']') || !isIPv6(inner)) throw invalidAddress(address);
    return tcpTarget(inner, Number(port), network, address);
  }
  // An IPv6 address without brackets would be split at its last group: "::1" is not port 1 of host ":".
  if (host.includes(':') || /[\s/]/.test(host)) throw invalidAddress(address);
  return tcpTarget(host, Number(port), network, address);
}

function unixTarget(address: string): ListenTarget {
  const path = address.slice('unix:'.length);
  if (path === '') throw invalidAddress(address);
  // A leading NUL names a socket in Linux's abstract namespace (unix(7)), which is not a path.
  return { path: path.startsWith('\0') ? path : resolve(path) };
}

/**
 * Keeps the name as a path for net.Server#listen. The primary looks it up among the sockets that it was started with.
 */
function systemdTarget(address: string): ListenTarget {
  if (address === SYSTEMD_PREFIX) throw invalidAddress(address);
  return { path: address };
}

function tcpTarget(host: string, port: number, network: Network, given: string | number): ListenTarget {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalidAddress(given);
  if (host !== '') return { port, host };
  switch (network) {
    case 'tcp':
      return { port };
    case 'tcp4':
      return { port, host: '0.0.0.0' };
    case 'tcp6':
      return { port, host: '::', ipv6Only: true };
  }
}

function invalidAddress(address: string | number): TypeError {
  return Object.assign(new TypeError(`invalid address ${JSON.stringify(address)}: ${expected}`), {
    code: 'ERR_INVALID_ADDRESS',
  });
}

/** Formats an address as the log and `status` print it: `127.0.0.1:8080`, `[::]:8080` or `unix:/path`. */
export function formatAddress(address: { address: string; port: number }): string {
  if (address.port < 0)
    return isPassedName(address.address) ? address.address : `unix:${address.address.replace(/^\0/, '@')}`;
  // Only an IPv6 address contains a colon. The first call of `isIPv6` would compile a long pattern, which takes 8 ms of each start.
  return address.address.includes(':') ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}

/** Tells whether the address names a socket that the server was started with. Other names are absolute paths. */
function isPassedName(address: string): boolean {
  return address.startsWith(SYSTEMD_PREFIX) || address.startsWith(DESCRIPTOR_PREFIX);
}
