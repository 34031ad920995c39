import type { Peer } from '../contract/peer.ts';
import { crc32c } from './crc32c.ts';
import { canonicalIpv6 } from './ipv6.ts';
import { bad, MORE, type Reading } from './reading.ts';

/** Where the parts of a header of version 2 stand, in bytes. */
const COMMAND_AT = 12;
const FAMILY_AT = 13;
const LENGTH_AT = 14;
const BODY_AT = 16;

/** The longest header that is read. Proxies send some hundred bytes, with the subject of a certificate for example. */
export const LONGEST_BINARY_BYTES = 4096;

const LOCAL = 0x20;
const PROXY = 0x21;

/** What stands before the list of further values: both addresses, and both ports. */
interface Addresses {
  readonly bytes: number;
  /** Undefined for addresses that no TCP client has. */
  readonly family?: 'IPv4' | 'IPv6';
}

/** Families with SOCK_STREAM, and none. A datagram is no connection. */
const families: Readonly<Record<number, Addresses>> = {
  0x00: { bytes: 0 },
  0x11: { bytes: 12, family: 'IPv4' },
  0x21: { bytes: 36, family: 'IPv6' },
  0x31: { bytes: 216 },
};

/** The type of the value that is a checksum, and how long it is. */
const CHECKSUM = 0x03;
const CHECKSUM_BYTES = 4;
/** What stands before each further value: its type, and its length. */
const VALUE_HEAD_BYTES = 3;

/** Reads a header of version 2. @param bytes begin with its signature */
export function readBinaryHeader(bytes: Uint8Array): Reading {
  const command = bytes[COMMAND_AT];
  if (command === undefined) return MORE;
  if (command !== LOCAL && command !== PROXY) return bad('a version or command that there is not');
  const family = bytes[FAMILY_AT];
  if (family === undefined) return MORE;
  const addresses = families[family];
  if (addresses === undefined && command === PROXY) return bad('a family or protocol that no TCP connection has');
  if (bytes.length < BODY_AT) return MORE;
  const length = BODY_AT + viewOf(bytes).getUint16(LENGTH_AT);
  if (length > LONGEST_BINARY_BYTES) return bad(`oversized: ${length} bytes`);
  if (addresses !== undefined && command === PROXY && BODY_AT + addresses.bytes > length) {
    return bad('a length that has no room for the addresses');
  }
  if (bytes.length < length) return MORE;
  // By the specification, what stands in the body does not count: the proxy speaks for itself, or for somebody unknown.
  if (command === LOCAL || addresses === undefined || addresses.bytes === 0)
    return { is: 'header', length, client: undefined };
  const header = bytes.subarray(0, length);
  const fault = faultOfValues(header, BODY_AT + addresses.bytes);
  if (fault !== undefined) return bad(fault);
  return { is: 'header', length, client: addresses.family && clientOf(header, addresses.family) };
}

function clientOf(header: Uint8Array, family: 'IPv4' | 'IPv6'): Peer {
  const view = viewOf(header);
  if (family === 'IPv4') {
    const address = header.subarray(BODY_AT, BODY_AT + 4).join('.');
    return { address, family, port: view.getUint16(BODY_AT + 8) };
  }
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(BODY_AT + 2 * at).toString(16));
  return { address: canonicalIpv6(groups.join(':')), family, port: view.getUint16(BODY_AT + 32) };
}

/** What is wrong with the list of further values, which fills the header to its end. A checksum there has to be right. */
function faultOfValues(header: Uint8Array, from: number): string | undefined {
  const view = viewOf(header);
  for (let at = from; at < header.length;) {
    const value = at + VALUE_HEAD_BYTES;
    if (value > header.length) return 'a value that the header does not end with';
    const length = view.getUint16(at + 1);
    if (value + length > header.length) return 'a value that is longer than the header';
    if (header[at] === CHECKSUM) {
      const isRight = length === CHECKSUM_BYTES && view.getUint32(value) === crc32c(header, value);
      if (!isRight) return 'a checksum that is wrong';
    }
    at = value + length;
  }
  return undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
