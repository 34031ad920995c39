import { Connection, type Client, type ConnectionOptions } from './connection.ts';

export interface Subscriber {
  readonly onMessage: (message: Buffer) => void;
  /** Messages may have been missed: the connection was lost, and is there again. The next message comes after this. */
  readonly onGap?: () => void;
}

/**
 * What this process listens to. A connection that listens can do nothing else, so it has one of its own, which is made
 * with the first subscription. The object owns it.
 */
export class Subscriptions {
  readonly #options: Pick<ConnectionOptions, 'makeClient' | 'timeout' | 'onTimeout'>;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  #connection: Connection | undefined;
  #isReferenced = false;
  #isClosed = false;

  constructor(options: Pick<ConnectionOptions, 'makeClient' | 'timeout' | 'onTimeout'>) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Adds a subscriber. When the connection is lost, it is subscribed again, and told of the gap before the next message.
   *
   * @returns a function that ends the subscription, once messages from now on will be heard.
   * @throws Away when that cannot be done in time. Then nothing is subscribed.
   */
  async add(channel: string, subscriber: Subscriber): Promise<() => void> {
    const connection = (this.#connection ??= this.#open());
    const remove = (): void => this.#remove(channel, subscriber);
    const isFirst = !this.#subscribers.has(channel);
    const all = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, all.add(subscriber));
    try {
      if (isFirst) await connection.run((client) => this.#subscribe(client, channel));
      else await connection.run((client) => client.ping());
    } catch (error) {
      remove();
      throw error;
    }
    return remove;
  }

  setReferenced(isReferenced: boolean): void {
    this.#isReferenced = isReferenced;
    this.#connection?.setReferenced(isReferenced);
  }

  /** Listens anew, perhaps elsewhere. */
  reset(reason: Error): void {
    this.#connection?.reset(reason);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#subscribers.clear();
    await this.#connection?.close();
  }

  #open(): Connection {
    let isFirst = true;
    const connection = new Connection({
      ...this.#options,
      isReferenced: false,
      probe: (client) => client.ping(),
      onConnect: async (client) => {
        await Promise.all([...this.#subscribers.keys()].map((channel) => this.#subscribe(client, channel)));
      },
      onReady: () => {
        if (this.#isReferenced) connection.setReferenced(true);
        if (!isFirst) this.#tellGap();
        isFirst = false;
      },
    });
    return connection;
  }

  /** Subscribes. A channel that is subscribed twice with the same function is heard once. */
  async #subscribe(client: Client, channel: string): Promise<void> {
    await client.subscribe(channel, this.#tell, true);
  }

  /** Tells all who listen by now. One who then listens anew has missed nothing. */
  #tellGap(): void {
    for (const { onGap } of [...this.#subscribers.values()].flatMap((all) => [...all])) onGap?.();
  }

  /**
   * A connection that is being made may hear messages before it is ready, for the answer and a message come in one packet.
   * They belong to the gap, which is told when it is ready: who heard one of them first would not know that others were
   * missed before it. A connection that is lost before it is ready has told nothing at all.
   */
  readonly #tell = (message: Buffer, channel: Buffer): void => {
    if (this.#connection?.isReady !== true) return;
    for (const { onMessage } of this.#subscribers.get(channel.toString()) ?? []) onMessage(message);
  };

  #remove(channel: string, subscriber: Subscriber): void {
    const all = this.#subscribers.get(channel);
    if (all?.delete(subscriber) !== true || all.size > 0) return;
    this.#subscribers.delete(channel);
    if (this.#isClosed || this.#connection?.isReady !== true) return;
    // The client subscribes anew to a channel that is just being left only when it knows which function has left.
    void this.#connection.run((client) => client.unsubscribe(channel, this.#tell, true)).catch(() => {});
  }
}
