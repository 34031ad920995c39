/** Addresses and networks of IP, as text and as numbers. This module is pure. */

/** An address as eight groups of 16 bits. An IPv4 address stands where IPv6 has it: ::ffff:0:0/96. */
export type Groups = readonly number[];

interface Network {
  readonly groups: Groups;
  /** How many of the first bits count. */
  readonly bits: number;
}

const GROUPS = 8;
const BITS_OF_GROUP = 16;
const MAPPED: Groups = [0, 0, 0, 0, 0, 0xffff];
const BITS_BEFORE_IPV4 = 96;

/** Networks of which an address may be one. IPv4 in the notation of IPv6 is IPv4, as sockets of `::` show it. */
export class Networks {
  readonly #networks: readonly Network[];

  /** @param list addresses, and networks such as `10.0.0.0/8`. What is neither is left out: see {@link isNetwork}. */
  constructor(list: readonly string[]) {
    this.#networks = list.flatMap((one) => parseNetwork(one) ?? []);
  }

  has(address: string): boolean {
    const groups = parseAddress(address);
    return groups !== undefined && this.#networks.some((network) => contains(network, groups));
  }
}

export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

function contains({ groups, bits }: Network, address: Groups): boolean {
  for (let at = 0; at * BITS_OF_GROUP < bits; at++) {
    const ignored = Math.max(0, (at + 1) * BITS_OF_GROUP - bits);
    if (groups[at]! >> ignored !== address[at]! >> ignored) return false;
  }
  return true;
}

function parseNetwork(text: string): Network | undefined {
  const [, address = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const groups = parseAddress(address);
  if (groups === undefined) return undefined;
  const before = address.includes(':') ? 0 : BITS_BEFORE_IPV4;
  const most = GROUPS * BITS_OF_GROUP;
  const bits = digits === undefined ? most : before + Number(digits);
  return bits <= most ? { groups, bits } : undefined;
}

/** @returns undefined where the text is no address */
export function parseAddress(text: string): Groups | undefined {
  if (!text.includes(':')) {
    const groups = parseIpv4(text);
    return groups && [...MAPPED, ...groups];
  }
  // The part behind % names an interface of this machine.
  const halves = text.split('%', 1)[0]!.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === GROUPS ? head : undefined;
  if (tail === undefined || head.length + tail.length >= GROUPS) return undefined;
  return [...head, ...Array.from({ length: GROUPS - head.length - tail.length }, () => 0), ...tail];
}

/** The groups between colons, of which the last may be an IPv4 address. */
function parseGroups(text: string): Groups | undefined {
  if (text === '') return [];
  const words = text.split(':');
  const last = words.at(-1)!;
  const dotted = last.includes('.') ? parseIpv4(last) : [];
  const plain = last.includes('.') ? words.slice(0, -1) : words;
  if (dotted === undefined || !plain.every((word) => /^[\da-f]{1,4}$/i.test(word))) return undefined;
  return [...plain.map((word) => Number.parseInt(word, 16)), ...dotted];
}

/** The two groups of an address such as 192.0.2.1. A number with a leading zero means another one to some programs. */
function parseIpv4(text: string): Groups | undefined {
  const words = text.split('.');
  if (words.length !== 4 || !words.every((word) => /^(?:0|[1-9]\d{0,2})$/.test(word) && Number(word) <= 255))
    return undefined;
  const [a, b, c, d] = words.map(Number) as [number, number, number, number];
  return [a * 256 + b, c * 256 + d];
}
