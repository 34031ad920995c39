import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/**
 * A network between a client and a server, as it is when a cable is pulled: nothing arrives, and neither end is told.
 * What was sent meanwhile arrives when the network is there again. The object owns all connections through it.
 */
export class HoldingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  #held: Array<() => void> | undefined;
  /** Which way is cut: to the server, back to the client, or both. */
  #cut: 'both' | 'answers' = 'both';
  #awaited: { readonly text: string; readonly hold: () => void } | undefined;

  private constructor(target: number) {
    this.#target = target;
    // What was held back arrives together, and not piece by piece with each acknowledgement.
    this.#server = createServer({ noDelay: true }, (client) => this.#pass(client));
  }

  static async start(target: number): Promise<HoldingProxy> {
    const proxy = new HoldingProxy(target);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Holds all bytes back, those of new connections too. With `answers` the server still hears everything. */
  hold(cut: 'both' | 'answers' = 'both'): void {
    this.#held ??= [];
    this.#cut = cut;
  }

  /** Holds answers back, from the first one on that contains the text. @returns when it has come */
  holdFrom(text: string): Promise<void> {
    return new Promise((resolve) => {
      const hold = (): void => {
        this.#awaited = undefined;
        this.hold('answers');
        resolve();
      };
      this.#awaited = { text, hold };
    });
  }

  /** Lets what was held back arrive, in order. */
  pass(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const arrive of held) arrive();
  }

  /** Says something to all clients in the server's place. */
  say(text: string): void {
    for (const client of this.#clients) client.write(text);
  }

  /** Ends all connections, as a server does that is killed. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    this.#clients.add(client);
    client.on('close', () => this.#clients.delete(client));
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    this.#pipe(client, server, 'requests');
    this.#pipe(server, client, 'answers');
  }

  #pipe(from: Socket, to: Socket, way: 'requests' | 'answers'): void {
    const deliver = (arrive: () => void): void => {
      if (this.#held === undefined || (this.#cut === 'answers' && way === 'requests')) arrive();
      else this.#held.push(arrive);
    };
    from.on('data', (data: Buffer) => {
      if (this.#awaited !== undefined && way === 'answers' && data.includes(this.#awaited.text)) this.#awaited.hold();
      deliver(() => void to.write(data));
    });
    from.on('close', () => deliver(() => to.destroy()));
  }
}
