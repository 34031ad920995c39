import type { Peer } from '../contract/peer.ts';

/**
 * What the bytes of a connection are so far. `more`: they may become a header. `header`: they begin with one, of `length` bytes.
 * `bad`: they never will. This is decided with the first byte that no header has in its place.
 */
export type Reading =
  | { readonly is: 'more' }
  | {
      readonly is: 'header';
      readonly length: number;
      /** Undefined where the proxy speaks for itself, as in its health checks, or does not know the client's address. */
      readonly client: Peer | undefined;
    }
  | { readonly is: 'bad'; readonly why: string };

export const MORE: Reading = { is: 'more' };

export function bad(why: string): Reading {
  return { is: 'bad', why };
}
