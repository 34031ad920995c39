import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../contract/message-of.ts';
import { usage } from '../arguments.ts';
import { StateError } from '../error.ts';
import type { Address } from './address.ts';
import { Away, Connection, newClosedError, type Client } from './connection.ts';
import { Member } from './member.ts';
import { endless } from './replies.ts';
import { nameOf, redirectionIn, slotOf, slotRangesIn, type Place, type Redirection } from './slots.ts';
import { SlotMap } from './slot-map.ts';
import { pagesOf, reading, type Argument, type Question, type Topology, type TopologyOptions } from './topology.ts';

export interface ClusterOptions extends TopologyOptions {
  /** Messages are published at the server that has this key, and heard there. So they have one order. */
  readonly home: string;
}

/** What the server says that does nothing now, and may do it soon. */
const NOT_YET = /^(TRYAGAIN|CLUSTERDOWN)\b/;
const PAUSE_MS = 20;
/** How often the cluster is asked who has what, while a master is away. */
const LOOK_AGAIN_MS = 250;
/** A server that does not answer leaves time to ask others of the URL: two, if there are so many. */
const MOST_ASKED = 3;
/** A slot that is being moved is at two servers. Replicas may take over from both meanwhile. */
const MOST_PLACES = 4;

/**
 * The masters of a cluster. Each has some of the slots (`SlotMap`). The object owns a connection to each master that was
 * needed, and one to any server of the cluster, which tells who has what.
 *
 * A server that does not have a key says who has it. When a master is lost, a replica takes over after a while. Until the
 * cluster says so, the commands for its keys wait or fail as they do when a server alone is lost.
 */
export class Cluster implements Topology {
  readonly #address: Address;
  readonly #options: ClusterOptions;
  readonly #homeSlot: number;
  readonly #map: SlotMap;
  /** The masters that were needed, by the names of their places. */
  readonly #members = new Map<string, Member>();
  /** The members that were lost, or were never reached. */
  readonly #away = new Set<Member>();
  /** The connection that tells who has what. It alone keeps the process alive. */
  readonly #guide: Connection;
  /** The server at the other end of it. */
  #guidePlace: Place;
  #isChecked = false;
  /** What was told last. The cluster counts as away before the first contact, and that is not told. */
  #isAwayTold = true;
  #isClosed = false;
  #isLearning = false;
  #lookingAgain: NodeJS.Timeout | undefined;

  constructor(address: Address, options: ClusterOptions) {
    const { timeout, onTimeout } = options;
    const connectTimeout = timeout / Math.min(MOST_ASKED, address.places.length);
    this.#address = address;
    this.#options = options;
    this.#homeSlot = slotOf(options.home);
    this.#map = new SlotMap(address.places);
    this.#guidePlace = address.places[0]!;
    this.#guide = new Connection({
      timeout,
      connectTimeout,
      onTimeout,
      isReferenced: true,
      makeClient: () => address.newClientAt((this.#guidePlace = this.#map.nextServer()), connectTimeout),
      probe: (client) => this.#read(client),
      onConnect: async (client) => {
        await this.#read(client);
        if (!this.#isChecked) await this.#check();
      },
      onReady: () => {
        this.#isChecked = true;
        this.#tellIfReady();
      },
    });
  }

  get isAway(): boolean {
    return !this.#isChecked || this.#away.size > 0;
  }

  async run(question: Question): Promise<unknown> {
    await this.#checked(question.until);
    return this.#route(question);
  }

  /**
   * Lists the keys of a slot that match. A slot that is just being moved is at two servers: its keys leave one, and never
   * come back. So the server that it goes to is looked at after the one that it comes from.
   */
  async *scan(key: string, pattern: string): AsyncIterable<readonly string[]> {
    const { timeout } = this.#options;
    const slot = slotOf(key);
    await this.#checked(performance.now() + timeout);
    const seen = new Set<string>();
    for (let place = await this.#ownerOf(slot, performance.now() + timeout); ;) {
      seen.add(nameOf(place));
      const at = place;
      const ask = (parts: readonly Argument[]): Promise<unknown> => this.#askAt(at, reading(key, parts, timeout));
      yield* pagesOf(ask, pattern, timeout);
      // There is no such key. A server that still has all of the slot says so, and any other says where to look for it.
      const elsewhere = await ask(['EXISTS', `${key}#none`]).then(
        () => undefined,
        (error: unknown) => redirectionIn(messageOf(error), place) ?? Promise.reject(error),
      );
      // The one that the slot goes to sends us back for what has not come yet.
      if (elsewhere === undefined || seen.has(nameOf(elsewhere.place))) return;
      if (seen.size === MOST_PLACES) throw endless('moving a slot');
      place = elsewhere.place;
    }
  }

  /**
   * Asks a server that may have no slots yet, as one that gets its first does. The cluster does not name such a server, so its
   * connection is closed whenever it is asked who has what.
   */
  async #askAt(place: Place, question: Question): Promise<unknown> {
    for (;;) {
      try {
        return await this.#memberAt(place).run(question);
      } catch (error) {
        if (!isClosed(error) || this.#isClosed) throw error;
      }
    }
  }

  async newListener(): Promise<Client> {
    const { timeout } = this.#options;
    return this.#address.newClientAt(await this.#ownerOf(this.#homeSlot, performance.now() + timeout), timeout);
  }

  reset(reason: unknown): void {
    this.#isChecked = false;
    this.#tellAway(reason);
    this.#guide.reset(reason);
  }

  setReferenced(isReferenced: boolean): void {
    this.#guide.setReferenced(isReferenced);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#lookingAgain);
    await Promise.all([this.#guide, ...this.#members.values()].map((one) => one.close()));
  }

  async #check(): Promise<void> {
    const { check, timeout } = this.#options;
    try {
      await check((key, parts) => this.#route(reading(key, parts, timeout)));
    } catch (error) {
      throw error instanceof Away ? error.cause : error;
    }
  }

  /** Waits until the cluster was asked who has what, and what is kept there was checked. */
  async #checked(until: number): Promise<void> {
    if (!this.#isChecked || this.#isClosed) await this.#guide.run(async () => {}, until);
  }

  /** Asks the server that has the key, and goes where it is sent. */
  async #route(question: Question): Promise<unknown> {
    const slot = slotOf(question.key);
    let wasSent = false;
    let place = await this.#ownerOf(slot, question.until);
    for (let turn = 0, isAsking = false; ; turn++) {
      const member = this.#memberAt(place);
      try {
        return await member.run(question, isAsking);
      } catch (error) {
        if (error instanceof Away) wasSent ||= error.wasSent;
        if (error instanceof Away && !member.isReady) this.#lose(member, error.cause);
        const next = this.#next(error, question, slot, place);
        if (next === undefined) throw this.#endOf(error, place, wasSent);
        // The first turn costs no time. Two servers that send us to and fro will soon know better.
        if (turn > 0 || next === 'again') await delay(PAUSE_MS);
        isAsking = next !== 'again' && next.kind === 'ask';
        place = next === 'again' ? await this.#ownerOf(slot, question.until) : next.place;
      }
    }
  }

  /** The error that a question ends with. The connection to a server that has left the cluster is closed, and the state is not. */
  #endOf(error: unknown, place: Place, wasSent: boolean): unknown {
    if (error instanceof Away) return new Away(error.cause, wasSent);
    if (isClosed(error) && !this.#isClosed)
      return new Away(new Error(`${nameOf(place)} has left the cluster`), wasSent);
    return error;
  }

  /** Says where to ask next; undefined when the error stands. */
  #next(
    error: unknown,
    { repetition, until }: Question,
    slot: number,
    place: Place,
  ): Redirection | 'again' | undefined {
    const message = messageOf(error);
    const redirection = redirectionIn(message, place);
    if (redirection?.kind === 'moved') this.#map.move(slot, redirection.place);
    if (redirection?.kind === 'moved' || NOT_YET.test(message)) this.#learn();
    if (performance.now() + PAUSE_MS >= until || this.#isClosed) return undefined;
    if (redirection !== undefined) return redirection;
    if (NOT_YET.test(message)) return 'again';
    const isLost = error instanceof Away ? repetition === 'repeatable' || !error.wasSent : isClosed(error);
    return isLost && !isSame(this.#map.ownerOf(slot), place) ? 'again' : undefined;
  }

  async #ownerOf(slot: number, until: number): Promise<Place> {
    for (;;) {
      const place = this.#map.ownerOf(slot);
      if (place !== undefined) return place;
      if (performance.now() + PAUSE_MS >= until || this.#isClosed) {
        throw new Error(`CLUSTERDOWN no master has the slot ${slot}`);
      }
      this.#learn();
      await delay(PAUSE_MS);
    }
  }

  #memberAt(place: Place): Member {
    if (this.#isClosed) throw newClosedError();
    const known = this.#members.get(nameOf(place));
    if (known !== undefined) return known;
    const { timeout, onTimeout, onAnswer } = this.#options;
    const member = new Member({
      timeout,
      onTimeout,
      onAnswer,
      isReferenced: false,
      makeClient: () => this.#address.newClientAt(place, timeout),
      onAway: (reason) => this.#lose(member, reason),
      onReady: () => this.#found(member),
    });
    this.#members.set(nameOf(place), member);
    return member;
  }

  #lose(member: Member, reason: unknown): void {
    // A member that is needed no more may go.
    if (this.#isClosed || ![...this.#members.values()].includes(member)) return;
    this.#away.add(member);
    this.#tellAway(reason);
    this.#lookAgain();
  }

  #found(member: Member): void {
    this.#away.delete(member);
    this.#tellIfReady();
  }

  /** Asks who has what now and then, until all members that are needed are there. */
  #lookAgain(): void {
    this.#lookingAgain ??= setTimeout(() => {
      this.#lookingAgain = undefined;
      if (this.#away.size === 0 || this.#isClosed) return;
      this.#learn();
      this.#lookAgain();
    }, LOOK_AGAIN_MS).unref();
  }

  /** Asks who has what. It is asked once at a time. */
  #learn(): void {
    if (this.#isLearning) return;
    this.#isLearning = true;
    void this.#guide
      .run((client) => this.#read(client))
      .catch(() => {})
      .finally(() => (this.#isLearning = false));
  }

  async #read(client: Client): Promise<void> {
    const home = this.#map.ownerOf(this.#homeSlot);
    this.#map.learn(slotRangesIn(await this.#slots(client), this.#guidePlace));
    const masters = this.#map.masters();
    for (const [name, member] of this.#members) {
      if (masters.has(name)) continue;
      this.#members.delete(name);
      this.#found(member);
      void member.close();
    }
    if (home !== undefined && !isSame(this.#map.ownerOf(this.#homeSlot), home)) {
      this.#options.onMoved(new Error('another master has the channels'));
    }
  }

  async #slots(client: Client): Promise<unknown> {
    try {
      return await client.sendCommand(['CLUSTER', 'SLOTS']);
    } catch (error) {
      if (!messageOf(error).includes('cluster support disabled')) throw error;
      const name = nameOf(this.#guidePlace);
      throw usage(`Redis at ${name} is not in a cluster: give openState ${this.#address.protocol}://${name}`, error);
    }
  }

  #tellAway(reason: unknown): void {
    if (!this.#isAwayTold) this.#options.onAway(reason);
    this.#isAwayTold = true;
  }

  #tellIfReady(): void {
    if (!this.#isAwayTold || this.isAway) return;
    this.#isAwayTold = false;
    this.#options.onReady();
  }
}

function isSame(one: Place | undefined, other: Place): boolean {
  return one !== undefined && nameOf(one) === nameOf(other);
}

function isClosed(error: unknown): boolean {
  return error instanceof StateError && error.code === 'ERR_STATE_CLOSED';
}
