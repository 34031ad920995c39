/** Headers of PROXY protocol as a proxy writes them. They are made here without the code that reads them. */
import { isIPv4, isIPv6 } from 'node:net';

export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export interface Ends {
  readonly from: string;
  readonly to?: string;
  readonly port: number;
}

/** Version 1. */
export function textHeader({ from, to = from, port }: Ends): Buffer {
  return Buffer.from(`PROXY ${isIPv4(from) ? 'TCP4' : 'TCP6'} ${from} ${to} ${port} 443\r\n`);
}

/** Version 2. @param values the further values, as they stand behind the addresses */
export function binaryHeader({ from, to = from, port }: Ends, values: Buffer = Buffer.alloc(0)): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port, 0);
  ports.writeUInt16BE(443, 2);
  const body = Buffer.concat([ipBytes(from), ipBytes(to), ports, values]);
  return binary(0x21, isIPv4(from) ? 0x11 : 0x21, body);
}

export function binary(command: number, family: number, body: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([SIGNATURE, Buffer.from([command, family]), length, body]);
}

export function value(type: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** Version 2 with a checksum as its last value. */
export function summedHeader(ends: Ends): Buffer {
  const header = binaryHeader(ends, value(0x03, Buffer.alloc(4)));
  header.writeUInt32BE(bitwiseCrc32c(header), header.length - 4);
  return header;
}

/** CRC-32C bit by bit, as its definition has it. */
function bitwiseCrc32c(bytes: Buffer): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  }
  return ~rest >>> 0;
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new Error(`no address: ${address}`);
  // The parser of URLs writes all zeros of IPv6 in one way.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const [left, right] = [head, tail ?? ''].map((text) => text.split(':').filter(Boolean)) as [string[], string[]];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const bytes = [...left, ...zeros, ...right].flatMap((group) => {
    const number = Number.parseInt(group, 16);
    return [number >> 8, number & 0xff];
  });
  return Buffer.from(bytes);
}
