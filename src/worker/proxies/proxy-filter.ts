import { TrustedProxies } from '../../contract/networks.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { HeaderReader } from '../../proxy-protocol/header-reader.ts';
import { putBack, readAccepted, setPeer } from '../node-internals/index.ts';

/** How long a proxy may take to send its header. It sends it with the first bytes, and the wait is that of a packet that got lost. */
const LONGEST_WAIT_MS = 5000;

/** Why a connection was closed before the application saw it. */
export type Fault = 'malformed' | 'late';

export interface ProxyFilterEvents {
  /** A header was not one, or did not come. @param peer the proxy; undefined at a Unix socket */
  refused(why: string, peer: string | undefined): void;
}

/**
 * Reads the header of PROXY protocol from each connection of a trusted proxy before anything else sees the connection, and gives
 * it the address of its client. The header is not guessed at: a trusted proxy has to send one, and from others none is expected.
 *
 * Owns the connections whose header it reads, and a timer for each. It closes those whose header is bad or late.
 */
export class ProxyFilter {
  /** Connections whose header was read. */
  read = 0;
  /** Connections that were closed, by the reason. */
  readonly refused: Record<Fault, number> = { malformed: 0, late: 0 };
  readonly #trusted: TrustedProxies;
  readonly #events: ProxyFilterEvents;
  #pending = 0;

  /** @param trusted addresses, networks, and `unix` for the clients of Unix sockets */
  constructor(trusted: readonly string[], events: ProxyFilterEvents) {
    this.#trusted = new TrustedProxies(trusted);
    this.#events = events;
  }

  /** Connections whose header has not come yet. */
  get pending(): number {
    return this.#pending;
  }

  /** @param admit is called with the connection when the application may have it: at once where no header is expected */
  pass<Client extends NativeClient>(client: Client, admit: (client: Client) => void): void {
    const peer: { address?: string } = {};
    // Undefined for a Unix socket. A client that has left by now has no address, and the application is told of it as ever.
    const errno = client.getpeername?.(peer);
    if (errno !== undefined && errno !== 0) return admit(client);
    if (this.#trusted.has(peer.address)) this.#readHeader(client, peer.address, () => admit(client));
    else admit(client);
  }

  #readHeader(client: NativeClient, peer: string | undefined, admit: () => void): void {
    const reader = new HeaderReader();
    const finish = (): void => {
      clearTimeout(timer);
      stop?.();
      this.#pending--;
    };
    const refuse = (fault: Fault, why: string): void => {
      finish();
      this.refused[fault]++;
      client.close();
      this.#events.refused(why, peer);
    };
    const onBytes = (bytes: Uint8Array | undefined): void => {
      if (bytes === undefined) {
        if (reader.bytes.length > 0) return refuse('malformed', 'the connection ended within the header');
        // So end the checks of a balancer that looks whether the port is open.
        finish();
        client.close();
        return;
      }
      const reading = reader.read(bytes);
      if (reading.is === 'more') return;
      if (reading.is === 'bad') return refuse('malformed', reading.why);
      finish();
      this.read++;
      if (reading.client !== undefined) setPeer(client, reading.client);
      putBack(client, reader.bytes.subarray(reading.length), reading.length);
      admit();
    };
    this.#pending++;
    const timer = setTimeout(() => refuse('late', `no header within ${LONGEST_WAIT_MS / 1000}s`), LONGEST_WAIT_MS);
    const stop = readAccepted(client, onBytes);
    if (stop === undefined) refuse('malformed', 'this Node.js does not let it be read');
  }
}
