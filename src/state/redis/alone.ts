import { messageOf } from '../../contract/message-of.ts';
import { usage } from '../arguments.ts';
import type { Address } from './address.ts';
import type { Client } from './connection.ts';
import { Member } from './member.ts';
import { pagesOf, reading, type Question, type Topology, type TopologyOptions } from './topology.ts';

/** A server that has all keys, perhaps named by sentinels. The object owns the connection. */
export class Alone implements Topology {
  readonly #address: Address;
  readonly #timeout: number;
  readonly #member: Member;

  constructor(address: Address, { check, timeout, onAway, onReady, onTimeout, onAnswer }: TopologyOptions) {
    this.#address = address;
    this.#timeout = timeout;
    this.#member = new Member({
      timeout,
      onAway,
      onReady,
      onTimeout,
      onAnswer,
      isReferenced: true,
      makeClient: () => address.newClient(timeout),
      onConnect: async (client) => {
        await address.check(client);
        await this.#explaining(check((_key, parts) => client.sendCommand([...parts])));
      },
    });
  }

  get isAway(): boolean {
    return !this.#member.isReady;
  }

  run(question: Question): Promise<unknown> {
    return this.#explaining(this.#member.run(question));
  }

  scan(key: string, pattern: string): AsyncIterable<readonly string[]> {
    return pagesOf((parts) => this.run(reading(key, parts, this.#timeout)), pattern, this.#timeout);
  }

  newListener(): Promise<Client> {
    return this.#address.newClient(this.#timeout);
  }

  reset(reason: unknown): void {
    this.#member.reset(reason);
  }

  setReferenced(isReferenced: boolean): void {
    this.#member.setReferenced(isReferenced);
  }

  async close(): Promise<void> {
    await this.#member.close();
  }

  async #explaining<Result>(asked: Promise<Result>): Promise<Result> {
    try {
      return await asked;
    } catch (error) {
      if (!messageOf(error).startsWith('MOVED')) throw error;
      const { name, protocol } = this.#address;
      const url = `${protocol}+cluster://${name.split('/')[0]}`;
      throw usage(`Redis at ${name} belongs to a cluster: give openState ${url}`, error);
    }
  }
}
