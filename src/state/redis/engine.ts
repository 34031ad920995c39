import {
  ABANDONED_LIFETIME_MS,
  answerKey,
  computationOf,
  ID_LIFETIME_MS,
  type AddTerms,
  type AreaSize,
  type Attempt,
  type Change,
  type Counted,
  type Engine,
  type Item,
  type Lease,
  type Listener,
  type Outages,
  type Terms,
} from '../engine.ts';
import { isOutage, StateError } from '../error.ts';
import { isDead } from '../identity.ts';
import { ReleaseListeners } from '../release-listeners.ts';
import { Turns } from '../turns.ts';
import { sizeOf, type Stored } from '../value.ts';
import { decodeItem, encodeItem } from './item.ts';
import { bytesIn, bytesOrNull, endless, integerIn, listIn } from './replies.ts';
import { Server } from './server.ts';
import { messageOf } from '../../contract/message-of.ts';

export interface RedisOptions {
  readonly url: string;
  readonly prefix: string;
  readonly timeout: number;
  /** Whether to wait for the first connection. */
  readonly connect: 'eager' | 'lazy';
}

/** The memory that the server itself needs for an item, approximately. */
const OVERHEAD_BYTES = 100;

/** How many dead holders of one lease are released in a row. One that asks later finds the next. */
const DEAD_HOLDERS = 3;

/** How long an area counts as being cleared when no more is heard of that. */
const CLEARING_LIFETIME_MS = 10_000;

/** State in Redis or Valkey, which processes of several machines share. The engine owns the connections. */
export class RedisEngine implements Engine {
  readonly isBounded = false;
  readonly #server: Server;
  readonly #prefix: string;
  readonly #timeout: number;
  readonly #turns = new Turns();
  readonly #evicted = new Map<string, number>();
  readonly #releaseListeners = new ReleaseListeners();
  #hearsReleases = false;
  /** The largest token that this process has seen. */
  #largestToken = 0;

  private constructor(server: Server, { prefix, timeout }: RedisOptions) {
    this.#server = server;
    this.#prefix = prefix;
    this.#timeout = timeout;
  }

  static async open(options: RedisOptions): Promise<RedisEngine> {
    const { url, prefix, timeout, connect } = options;
    const server = await Server.open({ url, timeout, prefix, home: `${prefix}{channel}` });
    if (connect === 'eager') await server.connected();
    return new RedisEngine(server, options);
  }

  get outages(): Outages {
    return this.#server;
  }

  async get(area: string, key: string): Promise<Item | undefined> {
    return decodeItem(await this.#raw(area, key));
  }

  async set(area: string, key: string, stored: Stored, terms: Terms): Promise<boolean> {
    const { when = 'always' } = terms;
    if (typeof when === 'string') return this.#put(area, key, stored, terms, when);
    return this.#put(area, key, stored, terms, 'computed', Buffer.from(when.computedBy));
  }

  async delete(area: string, key: string): Promise<boolean> {
    return integerIn(await this.#server.script('remove', 'once', this.#keysOf(area, key), key)) === 1;
  }

  /**
   * Repeats the change until no other write came in between, for at most the timeout. One process always succeeds. Updates of a key in this
   * process take turns: they would only overtake each other. One whose turn does not come within the timeout fails, and asks nothing. The
   * error says which of the two the time went to.
   */
  async update(area: string, key: string, change: (current: Item | undefined) => Change): Promise<void> {
    const asked = performance.now();
    const patience = { until: asked + this.#timeout, late: () => tooLate(key, performance.now() - asked, 0) };
    return this.#turns.take(this.#key(area, key), patience, () => this.#update(area, key, change, asked));
  }

  async #update(
    area: string,
    key: string,
    change: (current: Item | undefined) => Change,
    asked: number,
  ): Promise<void> {
    const until = asked + this.#timeout;
    const turn = performance.now();
    while (performance.now() < until) {
      const before = await this.#raw(area, key);
      const next = change(decodeItem(before));
      if (next === undefined) return;
      if (await this.#put(area, key, next.stored, next.terms, 'same', before ?? Buffer.alloc(0))) return;
    }
    throw tooLate(key, turn - asked, until - turn);
  }

  async add(area: string, key: string, amount: number, { ttl = 0, when, id }: AddTerms = {}): Promise<Counted> {
    const done = `${this.#area(area)}#done:${id === undefined ? '' : answerKey(key, id)}`;
    const keys = [this.#key(area, key), done] as const;
    const args = [amount, ttl, Number.MAX_SAFE_INTEGER, when ?? '', id === undefined ? 0 : ID_LIFETIME_MS].map(String);
    const repetition = id === undefined ? 'once' : 'repeatable';
    try {
      const [sum, ttlLeft] = listIn(await this.#server.script('add', repetition, keys, ...args), 2);
      const [value, left] = [integerIn(sum), integerIn(ttlLeft)];
      return { value, expires: left < 0 ? Infinity : Date.now() + left };
    } catch (error) {
      throw unaddable(error, key);
    }
  }

  async clear(area: string): Promise<void> {
    const [, sizes, total] = this.#keysOf(area, '');
    await this.#clearing(area, 1);
    try {
      for await (const keys of this.#scan(area)) {
        if (keys.length > 0) await this.#server.command(sizes, 'UNLINK', ...keys);
        await this.#clearing(area, 0);
      }
      await this.#server.command(sizes, 'UNLINK', sizes, total);
    } finally {
      await this.#clearing(area, -1);
    }
  }

  async *entries(area: string): AsyncIterable<readonly [string, Item]> {
    const from = this.#key(area, '').length;
    for await (const keys of this.#scan(area)) {
      const values =
        keys.length === 0 ? [] : listIn(await this.#server.command(keys[0]!, 'MGET', ...keys), keys.length);
      for (const [index, value] of values.entries()) {
        const item = decodeItem(bytesOrNull(value));
        if (item !== undefined) yield [keys[index]!.slice(from), item];
      }
    }
  }

  async size(area: string): Promise<AreaSize> {
    const sizes = { entries: 0, bytes: 0 };
    for await (const [key, { stored }] of this.entries(area)) {
      sizes.entries++;
      sizes.bytes += sizeOfItem(key, stored);
    }
    return sizes;
  }

  evicted(area: string): number {
    return this.#evicted.get(area) ?? 0;
  }

  async acquire(name: string, owner: string, ttl: number): Promise<Attempt> {
    const keys = [this.#key('lease', name), `${this.#prefix}{lease}#tokens`] as const;
    const args = [owner, ttl, this.#largestToken].map(String);
    for (let round = 1; ; round++) {
      const asked = this.#server.script('acquire', 'repeatable', keys, ...args);
      const answer = await this.#certain(asked, () => this.release(name, owner));
      if (Array.isArray(answer)) return { token: this.#seen(integerIn(answer[0])) };
      const [token = '', ...holder] = bytesIn(answer).toString().split(' ');
      this.#seen(integerIn(Buffer.from(token)));
      const heldBy = holder.join(' ');
      if (round === DEAD_HOLDERS || !isDead(heldBy)) return { heldBy };
      // The holder ran on this machine, so we can see what the server cannot.
      await this.release(name, heldBy);
    }
  }

  async renew({ name, owner, token }: Lease, ttl: number): Promise<boolean> {
    const args = [String(token), owner, String(ttl)];
    return integerIn(await this.#server.script('renew', 'repeatable', [this.#key('lease', name)], ...args)) === 1;
  }

  async release(name: string, owner: string): Promise<void> {
    await this.#server.script('release', 'repeatable', [this.#key('lease', name)], owner, this.#released, name);
  }

  async begin(area: string, key: string, owner: string, ttl: number): Promise<boolean> {
    const keys = [this.#computation(area, key), ...this.#clearingKeysOf(area)] as const;
    const args = [owner, ttl, ABANDONED_LIFETIME_MS].map(String);
    for (let round = 1; ; round++) {
      const asked = this.#server.script('begin', 'repeatable', keys, ...args);
      const answer = await this.#certain(asked, () => this.end(area, key, owner));
      if (answer === 1) return true;
      const heldBy = bytesIn(answer).toString();
      if (!isDead(heldBy)) return false;
      if (round === DEAD_HOLDERS) throw endless('releasing what dead processes hold');
      await this.end(area, key, heldBy);
    }
  }

  async end(area: string, key: string, owner: string): Promise<void> {
    const name = computationOf(area, key);
    await this.#server.script('release', 'repeatable', [this.#computation(area, key)], owner, this.#released, name);
  }

  onReleased(name: string, listener: () => void): () => void {
    this.#hearReleases();
    return this.#releaseListeners.add(name, listener);
  }

  async publish(channel: string, body: Uint8Array, sender: string): Promise<void> {
    const head = Buffer.from(sender);
    const message = Buffer.concat([Uint8Array.of(head.length), head, body]);
    await this.#server.publish(this.#key('channel', channel), message);
  }

  async subscribe(channel: string, listener: Listener, onGap?: () => void): Promise<() => void> {
    const onMessage = (message: Buffer): void => {
      const bodyAt = 1 + message[0]!;
      listener(message.subarray(bodyAt), message.toString('utf8', 1, bodyAt));
    };
    return this.#server.subscribe(this.#key('channel', channel), { onMessage, ...(onGap && { onGap }) });
  }

  keepAlive(alive: boolean): void {
    this.#server.keepAlive(alive);
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  get #released(): string {
    return `${this.#prefix}released`;
  }

  /**
   * Listens for released leases. This may be late or fail, because waiting processes look again from time to time
   * anyway.
   */
  #hearReleases(): void {
    if (this.#hearsReleases) return;
    this.#hearsReleases = true;
    const onMessage = (name: Buffer): void => this.#releaseListeners.tell(name.toString());
    this.#server.subscribe(this.#released, { onMessage }).catch(() => (this.#hearsReleases = false));
  }

  /** Waits for a lease. One that was got without an answer would keep others waiting, so it is given back. */
  async #certain(asked: Promise<unknown>, release: () => Promise<void>): Promise<unknown> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof StateError && error.isUncertain) this.#server.once('back', () => this.#giveBack(release));
      throw error;
    }
  }

  #giveBack(release: () => Promise<void>): void {
    release().catch((error: unknown) => {
      if (isOutage(error)) this.#server.once('back', () => this.#giveBack(release));
    });
  }

  #seen(token: number): number {
    this.#largestToken = Math.max(this.#largestToken, token);
    return token;
  }

  async #raw(area: string, key: string): Promise<Buffer | null> {
    const name = this.#key(area, key);
    return bytesOrNull(await this.#server.command(name, 'GET', name));
  }

  async #put(
    area: string,
    key: string,
    stored: Stored,
    { ttl, stale = 0, maxSize = 0 }: Terms,
    when: string,
    same: Buffer = Buffer.alloc(0),
  ): Promise<boolean> {
    const size = sizeOfItem(key, stored);
    if (maxSize > 0 && size > maxSize) {
      throw new StateError('ERR_STATE_FULL', `'${key}' takes ${size} bytes, which is more than maxSize, ${maxSize}`);
    }
    const freshUntil = ttl === undefined ? Infinity : Date.now() + ttl;
    const px = ttl === undefined ? 0 : ttl + stale;
    const numbers = [maxSize, size].map(String);
    const args = [encodeItem(stored, freshUntil), String(px), when, same, ...numbers, key, this.#key(area, '')];
    const written = integerIn(await this.#server.script('set', 'once', this.#keysOf(area, key), ...args));
    if (written > 1) this.#evicted.set(area, this.evicted(area) + written - 1);
    return written > 0;
  }

  async *#scan(area: string): AsyncIterable<string[]> {
    const beginning = this.#key(area, '');
    const pattern = `${beginning.replace(/[\\*?[\]^]/g, '\\$&')}*`;
    for await (const names of this.#server.scan(beginning, pattern)) {
      yield names.filter((name) => name.startsWith(beginning));
    }
  }

  /** Marks a step of clearing an area. No step lets a value be written whose computation began before the last step. */
  async #clearing(area: string, by: number): Promise<void> {
    await this.#server.script('clearing', 'once', this.#clearingKeysOf(area), String(by), String(CLEARING_LIFETIME_MS));
  }

  #clearingKeysOf(area: string): [epoch: string, clearing: string] {
    return [`${this.#area(area)}#epoch`, `${this.#area(area)}#clearing`];
  }

  #computation(area: string, key: string): string {
    return `${this.#area(area)}#computation:${key}`;
  }

  /**
   * Returns the common beginning of all keys of the area. The braces keep these keys together in a cluster, and there
   * are no other braces inside them.
   */
  #area(area: string): string {
    return `${this.#prefix}{${area.replace(/[%{}]/g, encodeURIComponent)}}`;
  }

  #key(area: string, key: string): string {
    return `${this.#area(area)}:${key}`;
  }

  #keysOf(area: string, key: string): [item: string, sizes: string, total: string, ...computation: string[]] {
    const all = this.#area(area);
    const computation = [this.#computation(area, key), `${all}#epoch`];
    return [this.#key(area, key), `${all}#sizes`, `${all}#total`, ...computation];
  }
}

function sizeOfItem(key: string, stored: Stored): number {
  return OVERHEAD_BYTES + Buffer.byteLength(key) * 2 + sizeOf(stored);
}

/**
 * Explains that an update has not come about in its time.
 *
 * @param waited how long it waited for its turn, ms.
 * @param left how much of its time was left then.
 */
function tooLate(key: string, waited: number, left: number): StateError {
  const wait = Math.round(waited);
  const behind = `${wait} ms behind other updates of it in this process`;
  const overtaken = `was changed by others for ${Math.round(left)} ms${wait > 0 ? `, after ${behind}` : ''}`;
  return new StateError('ERR_STATE_TIMEOUT', `'${key}' ${left > 0 ? overtaken : `waited ${behind}`}`);
}

function unaddable(error: unknown, key: string): unknown {
  const message = messageOf(error);
  if (message.includes('TOOLARGE') || message.includes('would overflow')) {
    return new StateError('ERR_STATE_VALUE', `'${key}' would become larger than a number can represent exactly`, {
      cause: error,
    });
  }
  if (!message.includes('not an integer')) return error;
  return new StateError('ERR_STATE_VALUE', `'${key}' is not a number, so nothing can be added to it`, { cause: error });
}
