import type { Listener } from '../engine.ts';
import type { ChangeNotifier } from './change-notifier.ts';
import type { Database } from './database.ts';
import { explained, isBusy } from './sqlite.ts';
import type { Transactions } from './transactions.ts';
import type { ItemFrame } from './frame.ts';
import { messageOf } from '../../contract/message-of.ts';

/** A message is kept this long, unless the newer messages exceed this size, or this share of the store. */
const KEPT_MS = 30_000;
const MOST_BYTES = 16 * 1024 * 1024;
const LARGEST_SHARE = 1 / 8;
/** The number of messages, and of their bytes, between two cleanings. */
const BETWEEN_CLEANINGS = 64;
const CLEANING_STEP_BYTES = 256 * 1024;
/** The number of messages that one cleaning removes, because the lock is held meanwhile. */
const MOST_REMOVED = 4096;

/** The number of rows that are read at a time. */
const READ_AT_ONCE = 256;

/** The space that a row takes beyond channel and body. */
const ROW_BYTES = 80;

/**
 * Messages are rows, and the order of rows is the same for every process. Listeners read the new rows when the notifier
 * wakes them. A store without one belongs to one process alone.
 */
export class Messages {
  readonly #database: Database;
  readonly #transactions: Transactions<ItemFrame>;
  readonly #notifier: ChangeNotifier | undefined;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #gapListeners = new Set<() => void>();
  #last: number | undefined;
  #hasWarned = false;

  constructor(database: Database, transactions: Transactions<ItemFrame>, notifier: ChangeNotifier | undefined) {
    this.#database = database;
    this.#transactions = transactions;
    this.#notifier = notifier;
  }

  publish(channel: string, body: Uint8Array, sender: string): Promise<void> {
    return this.#transactions.run((frame) => this.write(frame, channel, body, sender));
  }

  /** Writes a message in a transaction that does other things too. */
  write(frame: ItemFrame, channel: string, body: Uint8Array, sender: string): void {
    const insert = this.#database.query(
      'INSERT INTO messages(sent, upto, channel, sender, body) VALUES (?, ?, ?, ?, ?)',
    );
    const before = this.#bytes();
    const upto = before + ROW_BYTES + Buffer.byteLength(channel) + body.byteLength;
    insert.run(Date.now(), upto, channel, sender, body);
    const isManyBytes = Math.floor(before / CLEANING_STEP_BYTES) < Math.floor(upto / CLEANING_STEP_BYTES);
    if (isManyBytes || this.#newest() % BETWEEN_CLEANINGS === 0) this.prune();
    frame.notify();
  }

  /**
   * Removes old messages, from the oldest on, within a transaction. Each is looked at about once in its life.
   *
   * @returns whether there were any.
   */
  prune(): boolean {
    const sent = Date.now() - KEPT_MS;
    const upto = this.#bytes() - Math.min(MOST_BYTES, this.#database.capacity * LARGEST_SHARE);
    const query = this.#database.query('SELECT id, sent, upto FROM messages WHERE id > ? ORDER BY id LIMIT ?');
    let last = 0;
    for (let removed = 0; removed < MOST_REMOVED; removed += READ_AT_ONCE) {
      const rows = query.rows(last, READ_AT_ONCE);
      // What is no number was not written by prefork, and goes too.
      const kept = rows.findIndex((row) => Number(row[1]) >= sent && Number(row[2]) > upto);
      const old = kept === -1 ? rows : rows.slice(0, kept);
      last = Number(old.at(-1)?.[0] ?? last);
      if (old.length < READ_AT_ONCE) break;
    }
    return last > 0 && this.#database.query('DELETE FROM messages WHERE id <= ?').run(last) > 0;
  }

  /** @param onGap is called when messages were removed before this process had read them. */
  subscribe(channel: string, listener: Listener, onGap?: () => void): () => void {
    if (this.#last === undefined) {
      this.#notifier?.listen(() => this.deliver());
      this.#last = this.#newest();
    }
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    if (onGap !== undefined) this.#gapListeners.add(onGap);
    return () => {
      if (onGap !== undefined) this.#gapListeners.delete(onGap);
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(channel);
    };
  }

  /** Delivers new messages. A listener that throws does not keep others from hearing. */
  deliver(): void {
    try {
      this.#read();
    } catch (error) {
      // Another process repairs for a moment what a dead one left.
      if (isBusy(error)) setTimeout(() => this.deliver(), 1);
      else this.#warn(explained(error));
    }
  }

  /**
   * Warns once. A watch or a timer calls this, so there is no caller to throw to, and a damaged store must not end the
   * process.
   */
  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(`prefork/state: messages cannot be read: ${messageOf(error)}`);
  }

  close(): void {
    this.#last = undefined;
  }

  #read(): void {
    if (this.#last === undefined) return;
    const query = this.#database.query(
      'SELECT id, channel, sender, body FROM messages WHERE id > ? ORDER BY id LIMIT ?',
    );
    for (;;) {
      const rows = query.rows(this.#last, READ_AT_ONCE);
      for (const [id, channel, sender, body] of rows) {
        // The numbers of messages have no holes, except where old ones were removed.
        if (Number(id) > this.#last + 1) for (const onGap of this.#gapListeners) queueMicrotask(onGap);
        this.#last = Number(id);
        // Other rows were not written by prefork and have no listener.
        if (typeof channel !== 'string' || typeof sender !== 'string' || !(body instanceof Uint8Array)) continue;
        this.#tell(channel, body, sender);
      }
      if (rows.length < READ_AT_ONCE) return;
    }
  }

  #tell(channel: string, body: Uint8Array, sender: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) {
      // An error of a listener becomes an uncaught exception, as with EventTarget.
      queueMicrotask(() => listener(body, sender));
    }
  }

  #newest(): number {
    const row = this.#database.query("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").row();
    return Number(row?.[0] ?? 0);
  }

  /** Returns the size of all messages that were ever sent, up to the newest that is there. */
  #bytes(): number {
    return Number(this.#database.query('SELECT upto FROM messages ORDER BY id DESC LIMIT 1').row()?.[0] ?? 0);
  }
}
