/** The address of a server, as `http.request` takes it. */
export type Target = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/**
 * Parses an address as the log prints it: `127.0.0.1:8080`, `[::]:8080`, `unix:/path`. A wildcard address is reached
 * through the loopback.
 */
export function toTarget(address: string): Target {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length) };
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host: loopback[host] ?? host, port: Number(address.slice(colon + 1)) };
}

/** `::` accepts both families here, and a machine may lack IPv6. */
const loopback: Readonly<Record<string, string>> = { '::': '127.0.0.1', '0.0.0.0': '127.0.0.1' };

/** Converts a target for `net.connect`, which has other names for it. */
export function toConnect(target: Target): { host: string; port: number } | { path: string } {
  return 'socketPath' in target ? { path: target.socketPath } : target;
}

export function isTarget(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null) return false;
  const { host, port, socketPath } = value as Record<string, unknown>;
  return typeof socketPath === 'string' || (typeof host === 'string' && Number.isInteger(port));
}
