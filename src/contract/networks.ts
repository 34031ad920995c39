/**
 * What the network of an address says: which proxies are trusted, by Node's own list and parser of addresses, and which addresses are one
 * client's.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** In a list of trusted proxies: those that connect to a Unix socket, which has no addresses. Its permissions say who may. */
const UNIX_PROXIES = 'unix';

/** The notation of IPv4 at a socket for both families. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** How many of the first bits count. */
  readonly bits: number;
}

/** A list of trusted proxies. IPv4 in the notation of IPv6 is IPv4, as sockets of `::` show it. */
export class TrustedProxies {
  readonly #networks = new BlockList();
  readonly #hasUnix: boolean;

  /** @param list what {@link isTrustable} takes; the rest is left out */
  constructor(list: readonly string[]) {
    this.#hasUnix = list.includes(UNIX_PROXIES);
    for (const network of list.flatMap((one) => parseNetwork(one) ?? []))
      this.#networks.addSubnet(network.address, network.bits, network.family);
  }

  /** @param address the far end of a connection; undefined at a Unix socket, and for no other connection */
  has(address: string | undefined): boolean {
    if (address === undefined) return this.#hasUnix;
    // The part behind % names an interface of this machine.
    const [plain = ''] = address.split('%', 1);
    return isAddress(plain) && this.#networks.check(plain, familyOf(plain));
  }
}

/** Whether a word of such a list is one: an address, a network such as `10.0.0.0/8`, or `unix`. */
export function isTrustable(word: string): boolean {
  return word === UNIX_PROXIES || parseNetwork(word) !== undefined;
}

/** Whether the text is an address of IP without the name of an interface. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/**
 * Maps an address to a client, for all that counts clients or tells them apart. A client has a whole /64 of IPv6 (RFC 6177), in which it
 * changes its address as it likes (RFC 8981). An IPv4 address is a client of its own, even in the form `::ffff:192.0.2.1`.
 *
 * @param address as the kernel writes it
 */
export function clientOf(address: string): string {
  // The kernel wrote it, so the colon tells. `isIPv6` compiles a pattern at its first call, which takes milliseconds.
  if (!address.includes(':')) return address;
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // The kernel writes the address in full, except for one `::`. When that is in the first half, the rest of the half is
  // zeros. The part behind % names an interface of this machine.
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = head.split(':').filter(Boolean);
  const after = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
}

function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (!isAddress(address)) return undefined;
  const family = familyOf(address);
  const most = family === 'ipv6' ? 128 : 32;
  const bits = digits === undefined ? most : Number(digits);
  return bits <= most ? { address, family, bits } : undefined;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
