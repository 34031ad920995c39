import { messageOf } from '../../contract/message-of.ts';
import { Away, Connection, type Client, type ConnectionOptions } from './connection.ts';
import { ServerClock } from './server-clock.ts';
import type { Question, Send } from './topology.ts';

export interface MemberOptions extends Omit<ConnectionOptions, 'probe' | 'onConnect'> {
  /** Runs after each connect, once the server's clock is known. */
  readonly onConnect?: ConnectionOptions['onConnect'];
}

/** A server that became a replica, or shuts down, is as good as away. The connection is made anew, perhaps elsewhere. */
const MOVED_AWAY = /^(READONLY|MASTERDOWN|UNKILLABLE SHUTTINGDOWN)\b/;

/** A server among those that keep the state: its connection for commands, and what is known of its clock. The object owns the connection. */
export class Member {
  readonly #clock = new ServerClock();
  readonly #connection: Connection;

  constructor({ onConnect, ...options }: MemberOptions) {
    this.#connection = new Connection({
      ...options,
      probe: (client) => this.#clock.read(client),
      onConnect: async (client) => {
        this.#clock.forget();
        await this.#clock.read(client);
        await onConnect?.(client);
      },
    });
  }

  get isReady(): boolean {
    return this.#connection.isReady;
  }

  /**
   * Asks this server.
   *
   * @param isAsking whether another server of the cluster sent us here, which is giving the key away.
   * @throws `Away` when there is no connection, or no answer in time; otherwise the error of the server.
   */
  async run({ repetition, until, ask }: Question, isAsking = false): Promise<unknown> {
    const work = (client: Client): Promise<unknown> => ask(sendBy(client, isAsking), this.#clock);
    for (let wasLate = false, wasSent = false; ;) {
      try {
        return await this.#connection.run(work, until);
      } catch (error) {
        if (error instanceof Away) {
          const isOver = repetition === 'once' || !error.wasSent || performance.now() >= until;
          wasSent ||= error.wasSent;
          if (isOver) throw new Away(error.cause, wasSent);
        } else if (messageOf(error).startsWith('LATE') && !wasLate) {
          // The server's clock was set. It did not execute the script.
          wasLate = true;
          this.#clock.forget();
          await this.#connection.run((client) => this.#clock.read(client), until);
        } else {
          if (MOVED_AWAY.test(messageOf(error))) this.#connection.reset(error);
          throw error;
        }
      }
    }
  }

  reset(reason: unknown): void {
    this.#connection.reset(reason);
  }

  setReferenced(isReferenced: boolean): void {
    this.#connection.setReferenced(isReferenced);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

export function sendBy(client: Client, isAsking = false): Send {
  return (parts) => {
    // This counts for the next command of the connection, and no other command can come in between.
    if (isAsking) client.sendCommand(['ASKING']).catch(() => {});
    return client.sendCommand([...parts]);
  };
}
