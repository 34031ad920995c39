import { isAddress } from '../contract/networks.ts';
import { canonicalIpv6 } from './ipv6.ts';
import { bad, MORE, type Reading } from './reading.ts';

/** The longest header of version 1 with its line break, by the specification. */
export const LONGEST_TEXT_BYTES = 107;

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const TILDE = 0x7e;

const families: Readonly<Record<string, 'IPv4' | 'IPv6' | undefined>> = { TCP4: 'IPv4', TCP6: 'IPv6' };

/** Reads a header of version 1, such as `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`. @param bytes begin with `PROXY ` */
export function readTextHeader(bytes: Uint8Array): Reading {
  const end = bytes.findIndex((byte) => byte < SPACE || byte > TILDE);
  const length = end === -1 ? bytes.length : end;
  if (length + 2 > LONGEST_TEXT_BYTES) return bad('oversized: a header of version 1 has at most 107 bytes');
  if (end === -1) return MORE;
  if (bytes[end] !== CARRIAGE_RETURN) return bad('a byte that no header of version 1 has');
  if (bytes.length === end + 1) return MORE;
  if (bytes[end + 1] !== LINE_FEED) return bad('a line that does not end in CRLF');
  return readLine(String.fromCharCode(...bytes.subarray(0, end)), end + 2);
}

function readLine(line: string, length: number): Reading {
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { is: 'header', length, client: undefined };
  const words = line.split(' ');
  const [, protocol = '', source = '', destination = '', from = '', to = ''] = words;
  const family = Object.hasOwn(families, protocol) ? families[protocol] : undefined;
  if (family === undefined || words.length !== 6) return bad('a line that is no header of version 1');
  if (![source, destination].every((address) => isOf(family, address))) return bad(`an address that is not ${family}`);
  if (!isPort(from) || !isPort(to)) return bad('a port that is none');
  const address = family === 'IPv4' ? source : canonicalIpv6(source);
  return { is: 'header', length, client: { address, family, port: Number(from) } };
}

function isOf(family: 'IPv4' | 'IPv6', address: string): boolean {
  return isAddress(address) && address.includes(':') === (family === 'IPv6');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}
