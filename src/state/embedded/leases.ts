import { ABANDONED_LIFETIME_MS, type Attempt, type Lease } from '../engine.ts';
import { StateError } from '../error.ts';
import { isDead, isOfThisBoot } from '../identity.ts';
import { damaged } from './damaged.ts';
import type { Database } from './database.ts';
import type { ItemFrame } from './frame.ts';
import type { Messages } from './messages.ts';
import { explained, isBusy } from './sqlite.ts';
import type { Transactions } from './transactions.ts';

interface LeaseRow {
  readonly owner: string;
  readonly token: number;
  readonly expires: number;
  readonly waited: boolean;
}

/** The channel that announces released leases. The message is the name of the lease. */
export const RELEASED = '\0released';

/** The number of leases that are checked with each one that is taken. */
const SWEPT_LEASES = 4;

/**
 * Leases as rows. Their times come from the machine's monotonic clock, which all processes share and which cannot be
 * set.
 */
export class Leases {
  readonly #database: Database;
  readonly #transactions: Transactions<ItemFrame>;
  readonly #messages: Messages;
  /** The name at which the last sweep ended. */
  #sweptTo = '';

  constructor(database: Database, transactions: Transactions<ItemFrame>, messages: Messages) {
    this.#database = database;
    this.#transactions = transactions;
    this.#messages = messages;
  }

  /**
   * Tries to get a lease. Most attempts at a lease that is held only read.
   *
   * @param isMarked whether the lease is for a computation, and has a mark: see `Marks`.
   */
  acquire(name: string, owner: string, ttl: number, isMarked = false): Attempt | Promise<Attempt> {
    const lease = this.#view(name);
    if (lease?.waited && lease.owner !== owner && isHeld(lease)) return { heldBy: lease.owner };
    return this.#transactions.run(() => this.#take(name, owner, ttl, isMarked));
  }

  async renew({ name, owner, token }: Lease, ttl: number): Promise<boolean> {
    const query = this.#database.query('UPDATE leases SET expires = ? WHERE name = ? AND token = ? AND owner = ?');
    return this.#transactions.run(() => query.run(monotonic() + ttl, name, token, owner) > 0);
  }

  /**
   * Releases a lease. A full store has room for that, but may have none for the message to those that wait. They look
   * again before long.
   */
  async release(name: string, owner: string): Promise<void> {
    const isWaitedFor = (): boolean => {
      const lease = this.#find(name);
      if (lease?.owner !== owner) return false;
      this.#database.query('DELETE FROM leases WHERE name = ?').run(name);
      return lease.waited;
    };
    try {
      await this.#transactions.run((frame) => {
        if (isWaitedFor()) this.#messages.write(frame, RELEASED, Buffer.from(name), '');
      });
    } catch (error) {
      if (!(error instanceof StateError && error.code === 'ERR_STATE_FULL')) throw error;
      await this.#transactions.run(isWaitedFor);
    }
  }

  /** The owner asks again, and has the lease already. */
  #prolong({ token }: LeaseRow, name: string, ttl: number): Attempt {
    this.#database.query('UPDATE leases SET expires = ? WHERE name = ?').run(monotonic() + ttl, name);
    return { token };
  }

  #take(name: string, owner: string, ttl: number, isMarked: boolean): Attempt {
    const lease = this.#find(name);
    if (lease !== undefined && isHeld(lease)) {
      if (lease.owner === owner) return this.#prolong(lease, name, ttl);
      this.#database.query('UPDATE leases SET waited = 1 WHERE name = ?').run(name);
      return { heldBy: lease.owner };
    }
    this.#database.query('UPDATE tokens SET last = last + 1').run();
    const token = Number(this.#database.query('SELECT last FROM tokens').row()?.[0]);
    if (!Number.isSafeInteger(token)) throw damaged('it has no number for the next holder of a lease');
    const put = this.#database.query('INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, 0, ?)');
    put.run(name, owner, token, monotonic() + ttl, isMarked ? 1 : 0);
    this.#sweep();
    return { token };
  }

  /**
   * Checks a few leases, and removes those that their holders left behind: most names are never asked for again. A
   * computation whose lease is over may still end, so its mark is kept for a while.
   */
  #sweep(): void {
    const query = this.#database.query('SELECT name, owner, expires FROM leases WHERE name > ? ORDER BY name LIMIT ?');
    const rows = query.rows(this.#sweptTo, SWEPT_LEASES);
    this.#sweptTo = rows.length < SWEPT_LEASES ? '' : String(rows.at(-1)![0]);
    for (const [name, owner, expires] of rows) {
      if (!isAbandoned(String(owner), Number(expires))) continue;
      this.#database.query('DELETE FROM leases WHERE name = ?').run(name!);
    }
  }

  /**
   * Reads a lease. The result is also undefined while another process repairs what a dead one left, because a
   * transaction waits for that.
   */
  #view(name: string): LeaseRow | undefined {
    try {
      return this.#find(name);
    } catch (error) {
      if (isBusy(error)) return undefined;
      throw explained(error);
    }
  }

  #find(name: string): LeaseRow | undefined {
    const row = this.#database.query('SELECT owner, token, expires, waited FROM leases WHERE name = ?').row(name);
    if (row === undefined) return undefined;
    const [owner, token, expires, waited] = row;
    return { owner: String(owner), token: Number(token), expires: Number(expires), waited: waited === 1 };
  }
}

/** Tells whether the lease is held. A holder of an earlier boot is gone, and its clock was a different one. */
function isHeld({ owner, expires }: LeaseRow): boolean {
  return expires > monotonic() && isOfThisBoot(owner) && !isDead(owner);
}

/** Tells whether nothing will come of a lease any more. Only the dead holders of leases that are over are looked for. */
function isAbandoned(owner: string, expires: number): boolean {
  if (!isOfThisBoot(owner)) return true;
  const since = monotonic() - expires;
  return since > ABANDONED_LIFETIME_MS || (since > 0 && isDead(owner));
}

/** CLOCK_MONOTONIC on Linux, in ms since the machine booted. */
function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
