/**
 * Reads the header by which a proxy says whose connection it passes on: PROXY protocol, versions 1 and 2. This module knows no
 * socket.
 */
import { readBinaryHeader } from './binary-header.ts';
import { bad, MORE, type Reading } from './reading.ts';
import { readTextHeader } from './text-header.ts';

/** How the two versions begin. They differ in the first byte. */
const versions = [
  { signature: bytesOf('PROXY '), read: readTextHeader },
  { signature: bytesOf('\r\n\r\n\0\r\nQUIT\n'), read: readBinaryHeader },
] as const;

/** Takes the bytes of a connection as they come, until they are a header or cannot be one. */
export class HeaderReader {
  #bytes: Uint8Array = new Uint8Array();

  /** All bytes so far. Those behind the header are the connection's. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Not to be called again once the reading is other than `more`. */
  read(bytes: Uint8Array): Reading {
    this.#bytes = this.#bytes.length === 0 ? bytes : joined(this.#bytes, bytes);
    return readHeader(this.#bytes);
  }
}

/** Says what bytes are from their beginning on. */
export function readHeader(bytes: Uint8Array): Reading {
  if (bytes.length === 0) return MORE;
  const version = versions.find(({ signature }) => signature[0] === bytes[0]);
  if (version === undefined || !isBeginning(bytes, version.signature)) return bad('no header');
  return bytes.length < version.signature.length ? MORE : version.read(bytes);
}

/** Whether the shorter of the two is how the other begins. */
function isBeginning(bytes: Uint8Array, signature: Uint8Array): boolean {
  return signature.every((byte, at) => at >= bytes.length || bytes[at] === byte);
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
