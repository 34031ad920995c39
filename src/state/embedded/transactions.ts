import { StateError } from '../error.ts';
import type { Database } from './database.ts';
import { explained, isBusy, isSqlite } from './sqlite.ts';

/** What is done in one transaction beside the jobs: before it is committed, and after. */
export interface Frame {
  beforeCommit(): void;
  afterCommit(): void;
}

interface Job<F> {
  readonly work: (frame: F) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** How many jobs share a transaction at most: others wait for the lock meanwhile. */
const MOST_JOBS = 256;

/** How long all of them wait for a process that holds the lock, ms: it has to be stopped, or the machine hopelessly busy. */
const PATIENCE = 5000;

/** After so many jobs the log is looked at: until then it grows by a few MB at most. */
const BETWEEN_LOOKS = 64;

/** How long writing waits for a log that is too long, ms. */
const LOG_PATIENCE = 1000;

/** As often it is tried again at once: the lock is held for some 20 µs. Then every millisecond. */
const SPINS = 100;

/**
 * The one who writes to the database: jobs that come in the same turn share a transaction, which makes many of them cheap.
 * When another process holds the lock this one tries again later; the event loop never waits for it.
 */
export class Transactions<F extends Frame> {
  readonly #database: Database;
  readonly #open: () => F;
  #jobs: Array<Job<F>> = [];
  #idle: (() => void) | undefined;
  #isScheduled = false;
  #attempts = 0;
  #since = 0;
  #jobsToLook = BETWEEN_LOOKS;
  #longSince: number | undefined;

  /** @param open makes what the jobs of a transaction work with. */
  constructor(database: Database, open: () => F) {
    this.#database = database;
    this.#open = open;
  }

  /**
   * @param work reads and writes; it runs again if the transaction has to. What it throws is the caller's; it must not
   *   have written by then.
   * @returns what it returned, once it is committed.
   */
  run<Result>(work: (frame: F) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject });
      this.#schedule();
    });
  }

  /** When nothing is under way any more. */
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
      if (jobs.length === 1) jobs[0]!.reject(explained(error));
      else for (const job of jobs) this.#alone(job);
    }
    if (this.#jobs.length > 0) this.#schedule();
    else this.#idle?.();
  }

  /** One of several spoilt it for all, for example by filling the store: each for itself. */
  #alone(job: Job<F>): void {
    try {
      this.#database.query('BEGIN IMMEDIATE').run();
      for (const settle of this.#commit([job])) settle();
    } catch (error) {
      this.#rollback();
      if (isBusy(error)) this.#jobs.push(job);
      else job.reject(explained(error));
    }
  }

  /** @returns whether the log is too long. Then it will be looked at again. */
  #waitsForLog(): boolean {
    if (this.#jobsToLook > 0) return false;
    this.#longSince ??= performance.now();
    if (this.#isLogShort() || performance.now() - this.#longSince > LOG_PATIENCE) {
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
      // Whatever else is wrong, the write will meet it too.
      return !isBusy(error);
    }
  }

  /** @returns whether the lock was got. Else it will be tried again, or every job has been refused. */
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
    if (now - this.#since > PATIENCE) {
      const message = `another process has held the store for ${PATIENCE / 1000} s: is it stopped?`;
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

  /** @returns what settles the jobs, for when it is certain. */
  #commit(jobs: ReadonlyArray<Job<F>>): Array<() => void> {
    const frame = this.#open();
    const settlers = jobs.map((job) => settlerOf(job, frame));
    frame.beforeCommit();
    this.#database.query('COMMIT').run();
    frame.afterCommit();
    return settlers;
  }

  /** On some errors SQLite has done it itself. */
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
