import type { Listener } from '../engine.ts';
import type { ChangeNotifier } from './change-notifier.ts';
import type { Database } from './database.ts';
import { explained, isBusy } from './sqlite.ts';
import type { Transactions } from './transactions.ts';
import type { ItemFrame } from './frame.ts';
import { messageOf } from '../../contract/message-of.ts';

/** A message is kept this long, unless the newer messages exceed this size. */
const KEPT_MS = 30_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** The number of messages between two cleanings. */
const BETWEEN_CLEANINGS = 64;

/** The number of rows that are read at a time. */
const READ_AT_ONCE = 256;

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
    const insert = this.#database.query('INSERT INTO messages(sent, channel, sender, body) VALUES (?, ?, ?, ?)');
    insert.run(Date.now(), channel, sender, body);
    if (this.#newest() % BETWEEN_CLEANINGS === 0) this.#clean();
    frame.notify();
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

  #clean(): void {
    this.#database.query('DELETE FROM messages WHERE sent < ?').run(Date.now() - KEPT_MS);
    const row = this.#database
      .query(
        `SELECT id FROM (SELECT id, sum(length(body)) OVER (ORDER BY id DESC) AS behind FROM messages)
           WHERE behind > ? ORDER BY id DESC LIMIT 1`,
      )
      .row(MOST_BYTES);
    if (row !== undefined) this.#database.query('DELETE FROM messages WHERE id <= ?').run(row[0]!);
  }
}
