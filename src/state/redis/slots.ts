/** Where a cluster keeps a key: every key has one of 16,384 slots, and every slot has a master. */
import { bytesIn, integerIn, listIn, strange } from './replies.ts';

export const SLOTS = 16_384;

/** An address of a server. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The slots from `first` to `last` and their servers, the master first. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly servers: readonly Place[];
}

/** What a server says that does not have the key, or not yet. */
export interface Redirection {
  /** 'moved' for good; 'ask' for this once, because the slot is just being moved. */
  readonly kind: 'moved' | 'ask';
  readonly place: Place;
}

/** Returns the slot of a key. What stands in its first braces decides alone, unless that is nothing. */
export function slotOf(key: string): number {
  const [, tag] = /^[^{]*\{([^}]+)\}/.exec(key) ?? [];
  return crc16(Buffer.from(tag ?? key)) % SLOTS;
}

/**
 * Reads the answer to `CLUSTER SLOTS`.
 *
 * @param asked the address of the server that answers, which may not know its own.
 */
export function slotRangesIn(reply: unknown, asked: Place): readonly SlotRange[] {
  let slots = 0;
  return listIn(reply).map((range) => {
    const [first, last, ...servers] = listIn(range);
    const [from, to] = [slotIn(first), slotIn(last)];
    slots += to - from + 1;
    // A slot is in one range. An answer without end would keep this process busy for as long.
    if (to < from || slots > SLOTS) throw strange(reply, 'ranges of slots');
    return { first: from, last: to, servers: servers.map((one) => placeIn(one, asked)) };
  });
}

function slotIn(reply: unknown): number {
  const slot = integerIn(reply);
  if (slot < 0 || slot >= SLOTS) throw strange(reply, 'a slot');
  return slot;
}

/** Reads an error such as `MOVED 3999 127.0.0.1:6381`. */
export function redirectionIn(message: string, asked: Place): Redirection | undefined {
  const { kind, host = '', port } = /^(?<kind>MOVED|ASK) \d+ (?<host>\S*):(?<port>\d+)$/.exec(message)?.groups ?? {};
  if (kind === undefined) return undefined;
  return { kind: kind === 'MOVED' ? 'moved' : 'ask', place: { host: known(host, asked), port: Number(port) } };
}

export function nameOf({ host, port }: Place): string {
  return `${host}:${port}`;
}

function placeIn(reply: unknown, asked: Place): Place {
  const [host, port] = listIn(reply);
  return { host: known(host === null ? '' : bytesIn(host).toString(), asked), port: integerIn(port) };
}

/** A server that does not know how others reach it names no host. Then it is the one that was asked. */
function known(host: string, asked: Place): string {
  return host === '' || host === '?' ? asked.host : host;
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc;
}
