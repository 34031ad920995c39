import { isAuthority } from './authority.ts';
import { CLASSES, DIGIT, latin1 } from './bytes.ts';
import type { Refusal } from './refusals.ts';
import { trimBlanks } from './blanks.ts';
import { authenticatesConnection } from './authentication.ts';
import {
  AUTHORIZATION,
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  HOST_FIELD,
  TRANSFER_ENCODING,
  UPGRADE,
} from './special-fields.ts';

// The tokens of the field Connection that concern us, a bit each.
const NO_TOKENS = 0;
const KEEP_ALIVE = 1;
const CLOSE = 2;
const UPGRADES = 4;

/** Finds the length of a message and what becomes of its connection, by the fields of its head as they come. */
export class Framing {
  /** The length of the body in bytes; -1 when it has chunks. */
  contentLength = 0;
  expectsContinue = false;
  /** The number of fields Host. */
  hosts = 0;
  /** True when the request names the client for the whole connection, which is then not to be moved. */
  authenticates = false;
  #tokens: number = NO_TOKENS;
  #hasUpgrade = false;
  #hasLength = false;
  #codings: string | undefined = undefined;
  #expects: string | undefined = undefined;

  reset(): void {
    this.contentLength = 0;
    this.expectsContinue = false;
    this.hosts = 0;
    this.authenticates = false;
    this.#tokens = NO_TOKENS;
    this.#hasUpgrade = false;
    this.#hasLength = false;
    this.#codings = undefined;
    this.#expects = undefined;
  }

  /** Whether the connection may carry another request. RFC 9112, 9.3. @param minor the minor version. */
  keepsAlive(minor: number): boolean {
    if ((this.#tokens & CLOSE) !== 0) return false;
    return minor === 1 || (this.#tokens & KEEP_ALIVE) !== 0;
  }

  /** Whether the client wants to go on in another protocol. */
  get upgrades(): boolean {
    return this.#hasUpgrade && (this.#tokens & UPGRADES) !== 0;
  }

  /**
   * Notes a field that the protocol acts upon. @param field one of the special ones, whose value is from `from` to
   * `to`.
   */
  note(field: number, bytes: Buffer, from: number, to: number): Refusal | undefined {
    switch (field) {
      case HOST_FIELD:
        return ++this.hosts === 1 && isHost(bytes, from, to) ? undefined : 'BAD_HOST';
      case CONTENT_LENGTH:
        return this.#noteLength(lengthOf(bytes, from, to));
      case TRANSFER_ENCODING:
        if (this.#hasLength) return 'TWO_LENGTHS';
        this.#codings = join(this.#codings, latin1(bytes, from, to));
        return undefined;
      case CONNECTION:
        this.#tokens |= connectionTokens(bytes, from, to);
        return undefined;
      case UPGRADE:
        this.#hasUpgrade = true;
        return undefined;
      case AUTHORIZATION:
        this.authenticates ||= authenticatesConnection(latin1(bytes, from, to));
        return undefined;
      case EXPECT:
        this.#expects = join(this.#expects, latin1(bytes, from, to));
        return undefined;
      default:
        return undefined;
    }
  }

  /** Judges the message when all its fields are known. RFC 9112, 6.3. */
  conclude(method: string, minor: number): Refusal | undefined {
    if (this.#expects !== undefined && !isContinue(this.#expects)) return 'BAD_EXPECT';
    // Both are ignored in HTTP/1.0: RFC 9110, 7.8 and 10.1.1.
    if (minor === 0) this.#hasUpgrade = false;
    this.expectsContinue = this.#expects !== undefined && minor === 1;
    const refusal = this.#codings === undefined ? undefined : this.#judgeCodings(this.#codings, minor);
    // The bytes that follow belong to the tunnel: RFC 9110, 9.3.6.
    if (method === 'CONNECT') this.contentLength = 0;
    return refusal;
  }

  #noteLength(length: number): Refusal | undefined {
    if (this.#codings !== undefined) return 'TWO_LENGTHS';
    if (this.#hasLength || length < 0) return 'BAD_CONTENT_LENGTH';
    this.#hasLength = true;
    this.contentLength = length;
    return undefined;
  }

  #judgeCodings(codings: string, minor: number): Refusal | undefined {
    this.contentLength = -1;
    return minor === 0 ? 'BAD_CODING' : transferCoding(codings);
  }
}

/**
 * The last host that was right. Nearly all requests of a server name the same one. A comparison costs 15 ns, and the
 * check of an address with its port 135.
 */
const known = new Uint8Array(64);
let knownLength = 0;

/** Whether the value is right. It is empty where the target has no authority: RFC 9110, 7.2. */
function isHost(bytes: Buffer, from: number, to: number): boolean {
  if (isKnown(bytes, from, to)) return true;
  if (from !== to && !isAuthority(bytes, from, to)) return false;
  knownLength = to - from <= known.length ? to - from : 0;
  for (let at = 0; at < knownLength; at++) known[at] = bytes[from + at]!;
  return true;
}

function isKnown(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== knownLength) return false;
  for (let at = 0; at < knownLength; at++) if (bytes[from + at] !== known[at]) return false;
  return true;
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** @returns the length in bytes; -1 for anything but `1*DIGIT`, RFC 9112, 6.2. */
function lengthOf(bytes: Uint8Array, from: number, to: number): number {
  let length = from === to ? -1 : 0;
  for (let at = from; at < to; at++) {
    if ((CLASSES[bytes[at]!]! & DIGIT) === 0) return -1;
    length = length * 10 + bytes[at]! - 48;
    if (length > Number.MAX_SAFE_INTEGER) return -1;
  }
  return length;
}

/**
 * Returns the refusal of a list of transfer codings. Chunked has to be the last, or the end of the body cannot be known.
 * We could not undo any other coding, and a handler would take the result for the content.
 */
function transferCoding(list: string): Refusal | undefined {
  const codings = list.split(',').map((coding) => trimBlanks(coding).toLowerCase());
  if (codings.lastIndexOf('chunked') !== codings.length - 1) return 'BAD_CODING';
  if (codings.indexOf('chunked') !== codings.length - 1) return 'BAD_CODING';
  return codings.length === 1 ? undefined : 'OTHER_CODING';
}

function isContinue(expectation: string): boolean {
  return expectation.toLowerCase() === '100-continue';
}

const TOKENS: ReadonlyMap<string, number> = new Map([
  ['keep-alive', KEEP_ALIVE],
  ['close', CLOSE],
  ['upgrade', UPGRADES],
]);

/** The length of `keep-alive`. Nearly every value is this one word. */
const KEEP_ALIVE_LENGTH = 10;

/** Returns the tokens of a value of Connection that concern us: KEEP_ALIVE, CLOSE, UPGRADES, added up. */
function connectionTokens(bytes: Buffer, from: number, to: number): number {
  const value = latin1(bytes, from, to).toLowerCase();
  if (to - from <= KEEP_ALIVE_LENGTH) return TOKENS.get(value) ?? tokensOf(value);
  return tokensOf(value);
}

function tokensOf(value: string): number {
  let tokens = NO_TOKENS;
  for (const token of value.split(',')) tokens |= TOKENS.get(trimBlanks(token)) ?? NO_TOKENS;
  return tokens;
}
