/** An address as it was passed to `net.Server#listen`. Family and port are -1 for a Unix socket. */
export interface ListenQuery {
  readonly address: string | null;
  readonly port: number;
  readonly family: 4 | 6 | -1;
  readonly ipv6Only: boolean;
  readonly ordinal: number;
  readonly readableAll: boolean;
  readonly writableAll: boolean;
  readonly data: unknown;
}

/** Returns the key by which a listener is found. Two requests for the same address get the same listener. */
export function keyOf({ family, address, port, ipv6Only }: ListenQuery): string {
  return `${family} ${address ?? '*'} ${port}${ipv6Only ? ' ipv6Only' : ''}`;
}
