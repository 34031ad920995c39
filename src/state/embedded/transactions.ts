import { StateError } from '../error.ts';
import type { Database } from './database.ts';
import { explained, isBusy, isFull, isSqlite } from './sqlite.ts';

/** The work in a transaction beside the jobs: before the commit, and after it. */
export interface Frame {
  beforeCommit(): void;
  afterCommit(): void;
}

interface Job<F> {
  readonly work: (frame: F) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The number of jobs that share a transaction. Other processes wait for the lock meanwhile. */
const MOST_JOBS = 256;

/**
 * How long all jobs wait for a process that holds the lock. Such a process is stopped, or the machine is hopelessly
 * busy.
 */
const PATIENCE_MS = 5000;

/** How long a store counts as full for good in which there was nothing to remove. */
const NOTHING_TO_FREE_MS = 100;

/** How long room is made for jobs that share a transaction, step by step. The event loop waits meanwhile. */
const MAKING_ROOM_MS = 100;

/** The log is checked after this many jobs. Between two checks it grows by a few MB at most. */
const BETWEEN_LOOKS = 64;

/** How long writers wait for a log that is too long. */
const LOG_PATIENCE_MS = 1000;

/**
 * The number of immediate attempts to get the lock, which is held for some 20 µs. Then there is an attempt every
 * millisecond.
 */
const SPINS = 100;

/**
 * The only writer of this process. Jobs that arrive in the same turn share a transaction, which makes many of them
 * cheap. When another process holds the lock, this one tries again later, and the event loop never waits.
 */
export class Transactions<F extends Frame> {
  readonly #database: Database;
  readonly #open: () => F;
  readonly #makeRoom: (frame: F) => boolean;
  #jobs: Array<Job<F>> = [];
  #idle: (() => void) | undefined;
  #isScheduled = false;
  #attempts = 0;
  #since = 0;
  #jobsToLook = BETWEEN_LOOKS;
  #longSince: number | undefined;
  /** When there was nothing to remove from a full store. */
  #nothingToFreeAt = -Infinity;

  /**
   * Creates the queue.
   *
   * @param open makes the object that the jobs of a transaction work with.
   * @param makeRoom removes what a full store can do without, and tells whether there was anything.
   */
  constructor(database: Database, open: () => F, makeRoom: (frame: F) => boolean) {
    this.#database = database;
    this.#open = open;
    this.#makeRoom = makeRoom;
  }

  /**
   * Adds a job.
   *
   * @param work reads and writes. It runs again if the transaction has to. An error of it goes to the caller, and it
   *   must not have written by then.
   * @returns the result of `work`, once it is committed.
   */
  run<Result>(work: (frame: F) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject });
      this.#schedule();
    });
  }

  /** Settles when no job is under way. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#jobs.length === 0) resolve();
      else this.#idle = resolve;
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#waitsForLog() || !this.#begin()) return;
    const jobs = this.#jobs.splice(0, MOST_JOBS);
    this.#jobsToLook -= jobs.length;
    try {
      for (const settle of this.#commit(jobs)) settle();
    } catch (error) {
      this.#rollback();
      this.#repeat(jobs, error);
    }
    if (this.#jobs.length > 0) this.#schedule();
    else this.#idle?.();
  }

  /**
   * Runs each job on its own, after one of them spoilt the transaction for all. A job that finds the store full runs
   * again as long as something can be removed, for a time. Each step is a transaction, so that others get the lock in between.
   */
  #repeat(jobs: ReadonlyArray<Job<F>>, cause: unknown): void {
    const until = performance.now() + MAKING_ROOM_MS;
    for (const job of jobs) {
      // The only job of a transaction has run on its own already.
      let error = jobs.length === 1 ? cause : this.#failureOf(job);
      for (let isFirst = true; isFull(error) && (isFirst || performance.now() < until); isFirst = false) {
        const failure = this.#tryToMakeRoom(error);
        error = failure ?? this.#failureOf(job);
        if (failure !== undefined) break;
      }
      if (isBusy(error)) this.#jobs.push(job);
      else if (error !== undefined) job.reject(explained(error));
    }
  }

  /**
   * Runs one job on its own.
   *
   * @returns the error that undid it; undefined when the job is settled.
   */
  #failureOf(job: Job<F>): unknown {
    try {
      this.#database.query('BEGIN IMMEDIATE').run();
      for (const settle of this.#commit([job])) settle();
      return undefined;
    } catch (error) {
      this.#rollback();
      return error;
    }
  }

  /**
   * Removes what can be removed from a full store. Where there was nothing, it does not look again at once.
   *
   * @param cause the error that said that the store is full.
   * @returns the error that remains; undefined when there is more room now.
   */
  #tryToMakeRoom(cause: unknown): unknown {
    if (Math.abs(Date.now() - this.#nothingToFreeAt) < NOTHING_TO_FREE_MS) return cause;
    let isMade = false;
    const work = (frame: F): void => void (isMade = this.#makeRoom(frame));
    const error = this.#failureOf({ work, resolve: () => {}, reject: () => {} });
    if (isBusy(error) || (isMade && error === undefined)) return error;
    this.#nothingToFreeAt = Date.now();
    return cause;
  }

  /**
   * Checks the log.
   *
   * @returns whether it is too long. It is then checked again later.
   */
  #waitsForLog(): boolean {
    if (this.#jobsToLook > 0) return false;
    this.#longSince ??= performance.now();
    if (this.#isLogShort() || performance.now() - this.#longSince > LOG_PATIENCE_MS) {
      this.#longSince = undefined;
      this.#jobsToLook = BETWEEN_LOOKS;
      return false;
    }
    this.#isScheduled = true;
    setTimeout(() => this.#flush(), 1);
    return true;
  }

  #isLogShort(): boolean {
    try {
      return this.#database.shortenLog();
    } catch (error) {
      // Any other error will also meet the write.
      return !isBusy(error);
    }
  }

  /**
   * Begins a transaction.
   *
   * @returns whether the lock was obtained. Otherwise the attempt is repeated, or every job has been refused.
   */
  #begin(): boolean {
    try {
      this.#database.query('BEGIN IMMEDIATE').run();
      this.#attempts = 0;
      return true;
    } catch (error) {
      if (!isBusy(error)) this.#refuse(explained(error));
      else this.#tryLater(error);
      return false;
    }
  }

  #tryLater(cause: unknown): void {
    const now = performance.now();
    if (this.#attempts++ === 0) this.#since = now;
    if (now - this.#since > PATIENCE_MS) {
      const message = `another process has held the store for ${PATIENCE_MS / 1000} s: is it stopped?`;
      this.#refuse(new StateError('ERR_STATE_TIMEOUT', message, { cause }));
      return;
    }
    this.#isScheduled = true;
    if (this.#attempts <= SPINS) setImmediate(() => this.#flush());
    else setTimeout(() => this.#flush(), 1);
  }

  #refuse(error: unknown): void {
    this.#attempts = 0;
    for (const { reject } of this.#jobs.splice(0)) reject(error);
    this.#idle?.();
  }

  /**
   * Runs the jobs and commits.
   *
   * @returns functions that settle the jobs, to be called when the result is certain.
   */
  #commit(jobs: ReadonlyArray<Job<F>>): Array<() => void> {
    const frame = this.#open();
    const settlers = jobs.map((job) => settlerOf(job, frame));
    frame.beforeCommit();
    this.#database.query('COMMIT').run();
    frame.afterCommit();
    return settlers;
  }

  /** Rolls back. SQLite has already done so after some errors. */
  #rollback(): void {
    try {
      this.#database.query('ROLLBACK').run();
    } catch {
      // There is no transaction any more.
    }
  }
}

function settlerOf<F>({ work, resolve, reject }: Job<F>, frame: F): () => void {
  try {
    const result = work(frame);
    return () => resolve(result as never);
  } catch (error) {
    if (isSqlite(error)) throw error;
    return () => reject(explained(error));
  }
}
