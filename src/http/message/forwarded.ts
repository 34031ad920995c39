import { isAddress, TrustedProxies } from '../../contract/networks.ts';
import type { Fields } from '../protocol/fields.ts';

/** The fields in which a proxy says whose request it passes on. */
export const FORWARDED_FIELDS = ['x-forwarded-for', 'forwarded'] as const;
export type ForwardedField = (typeof FORWARDED_FIELDS)[number];

/** The far end of a connection. */
export interface FarEnd {
  /** Undefined for a Unix socket, and for a client by TCP that has reset the connection. */
  readonly address: string | undefined;
  readonly isOfUnixSocket: boolean;
}

/** Finds out the address of the client behind trusted proxies. */
export class Forwarded {
  readonly #trusted: TrustedProxies;
  readonly #field: ForwardedField;

  /** @param trusted addresses, networks, and `unix` */
  constructor(trusted: readonly string[], field: ForwardedField) {
    this.#trusted = new TrustedProxies(trusted);
    this.#field = field;
  }

  /**
   * Goes from the far end of the connection through what each proxy has added, from the right to the left, and stops at the first
   * address that is not trusted: whatever stands left of it may be that client's invention. An entry without an address stops it too.
   */
  clientOf({ address: peer, isOfUnixSocket }: FarEnd, headers: Fields): string | undefined {
    if (peer === undefined && !isOfUnixSocket) return undefined;
    if (!this.#trusted.has(peer)) return peer;
    const value = headers.get(this.#field);
    if (value === null) return peer;
    const isForwarded = this.#field === 'forwarded';
    const entries = isForwarded ? elementsFromRight(value) : value.split(',').toReversed();
    let client = peer;
    for (const entry of entries) {
      const address = addressIn(isForwarded ? forOf(entry) : entry);
      if (address === undefined) return client;
      client = address;
      if (!this.#trusted.has(address)) return client;
    }
    return client;
  }
}

/** The address of an entry such as `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` and `[2001:db8::1]:4711`. */
function addressIn(entry: string): string | undefined {
  const text = entry.trim();
  const [, inner, plain = text] = /^\[([^\]]*)\](?::\d{1,5})?$|^([^:]*):\d{1,5}$/.exec(text) ?? [];
  const address = inner ?? plain;
  return isAddress(address) && (inner === undefined || inner.includes(':')) ? address : undefined;
}

/**
 * Yields the elements of `Forwarded` (RFC 7239) from the right: commas within quotes part none. What a client has written stands left of
 * what proxies add, so that a quote which it leaves open spoils only its own part.
 */
function* elementsFromRight(value: string): Generator<string> {
  let end = value.length;
  for (let at = end - 1; at >= 0; at--) {
    if (value[at] === '"') {
      at = openingQuote(value, at);
      if (at === -1) return yield '';
    } else if (value[at] === ',') {
      yield value.slice(at + 1, end);
      end = at;
    }
  }
  yield value.slice(0, end);
}

/** Finds where the text begins that ends with this quote. @returns -1 when it does not begin */
function openingQuote(value: string, closing: number): number {
  for (let at = closing - 1; at >= 0; at--) {
    if (value[at] !== '"') continue;
    let slashes = 0;
    while (value[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at;
    at -= slashes;
  }
  return -1;
}

/** The value of `for` in an element, without its quotes; empty where there is none, or more than one. */
function forOf(element: string): string {
  const found = [...element.matchAll(/(?:^|;)\s*for=(?:"([^"\\]*)"|([^\s";,]+))\s*(?=;|$)/gi)];
  return found.length === 1 ? (found[0]![1] ?? found[0]![2] ?? '') : '';
}
