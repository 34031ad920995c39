/** An address as `net.Server#listen` asked for it; family and port are -1 for a Unix socket. */
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

/** By which a listener is found: two that ask for the same address get the same one. */
export function keyOf({ family, address, port, ipv6Only }: ListenQuery): string {
  return `${family} ${address ?? '*'} ${port}${ipv6Only ? ' ipv6Only' : ''}`;
}
