import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../error.ts';
import { connect, explained, Query, type Connection } from './sqlite.ts';
import { takeDirectory } from './directory.ts';
import { APPLICATION, schema, SCHEMA } from './schema.ts';
import { memorySpace, spaceIn, type Space } from './space.ts';
import { VERSIONS_BYTES } from './versions.ts';
import { messageOf } from '../../contract/message-of.ts';

/** The size of a page. A page of 4 KB holds three values of 1 KB, a page of 8 KB holds seven. */
export const PAGE_BYTES = 8192;

/** The files beside the database, and their sizes. */
const besides: Readonly<Record<'versions' | 'changes', number>> = { versions: VERSIONS_BYTES, changes: 1 };

/** Windows has neither such links nor the flag. */
const NO_LINKS: number = constants.O_NOFOLLOW ?? 0;

/**
 * How long each step of opening waits for another process that is opening the store too. The event loop stands still
 * meanwhile.
 */
const BUSY_TIMEOUT_MS = 100;

/**
 * The connection to the store's database, in a file or in memory. The object owns the connection. `close` ends it and
 * leaves the file.
 *
 * WAL mode keeps readers from waiting for a writer. Synchronous writes are off: the kernel has what a process wrote,
 * and that survives any end of the process. Only a machine that loses power loses the latest changes, and never the
 * file as a whole.
 */
export class Database {
  /** The size of the file in bytes: what was asked for, or what there is room for. */
  readonly capacity: number;
  readonly #connection: Connection;
  readonly #log: string;
  readonly #longestLog: number;
  readonly #queries = new Map<string, Query>();

  private constructor(connection: Connection, path: string, { database, longestLog }: Space) {
    this.#connection = connection;
    this.capacity = database;
    this.#log = `${path}-wal`;
    this.#longestLog = longestLog;
  }

  /**
   * Opens the database.
   *
   * @param directory is created if it is missing; undefined stands for memory.
   * @param maxSize the limit of the file in bytes.
   */
  static open(directory: string | undefined, maxSize: number): Database {
    const path = directory === undefined ? ':memory:' : join(takeDirectory(directory), 'store.db');
    let connection: Connection | undefined;
    try {
      const space = directory === undefined ? memorySpace(maxSize) : spaceIn(directory, maxSize);
      connection = connect(path);
      prepare(connection, path, space, directory);
      return new Database(connection, path, space);
    } catch (error) {
      connection?.close();
      throw placed(error, path);
    }
  }

  query(sql: string): Query {
    let query = this.#queries.get(sql);
    if (query === undefined) this.#queries.set(sql, (query = new Query(this.#connection, sql)));
    return query;
  }

  exec(sql: string): void {
    this.#connection.exec(sql);
  }

  /**
   * Moves the log into the database and makes its space reusable, as far as no process reads there. The log would grow
   * without end if the kernel suspended a process in the middle of a read.
   *
   * @returns false while the log is too long.
   */
  shortenLog(): boolean {
    if (this.#longestLog === Infinity) return true;
    if ((statSync(this.#log, { throwIfNoEntry: false })?.size ?? 0) <= this.#longestLog) return true;
    return this.query('PRAGMA wal_checkpoint(TRUNCATE)').row()?.[0] === 0;
  }

  close(): void {
    this.#queries.clear();
    this.#connection.close();
  }
}

function prepare(connection: Connection, path: string, space: Space, directory: string | undefined): void {
  connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA page_size = ${PAGE_BYTES}`);
  // The checks share one transaction. Otherwise another process could create the store between two of them.
  connection.exec('BEGIN');
  check(connection, path);
  connection.exec('COMMIT');
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA journal_size_limit = 4194304');
  connection.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048');
  connection.exec(`PRAGMA wal_autocheckpoint = ${pages(space.log)}; PRAGMA max_page_count = ${pages(space.database)}`);
  connection.exec('BEGIN IMMEDIATE');
  // The check runs again, now that no other process can change the file.
  if (check(connection, path) === 'new') connection.exec(schema);
  if (directory !== undefined) {
    makeBeside(directory, 'changes');
    // The numbers in a new file do not match those in the database.
    if (makeBeside(directory, 'versions')) connection.exec('DELETE FROM versions');
  }
  connection.exec('COMMIT');
  // From here on the event loop must not wait.
  connection.exec('PRAGMA busy_timeout = 0');
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

function check(connection: Connection, path: string): 'new' | 'ours' {
  const pragma = (name: string): unknown => new Query(connection, `PRAGMA ${name}`).row()?.[0];
  const [application, version] = [pragma('application_id'), pragma('user_version')];
  if (application === APPLICATION && version === SCHEMA) return 'ours';
  const tables = new Query(connection, 'SELECT count(*) FROM sqlite_schema').row()?.[0];
  if (application === 0 && version === 0 && tables === 0) return 'new';
  const what = application === APPLICATION ? `of version ${String(version)}` : 'of another program';
  throw new StateError(
    'ERR_STATE_VERSION',
    `${path} is ${what}, and this is version ${SCHEMA} of prefork's state: give another path, or remove it`,
  );
}

/**
 * Opens a file beside the database.
 *
 * @returns a descriptor, which the caller has to close.
 */
export function openBeside(directory: string, name: keyof typeof besides): number {
  const path = join(directory, name);
  try {
    return openSync(path, constants.O_RDWR | NO_LINKS);
  } catch (error) {
    throw placed(error, path);
  }
}

/**
 * Creates a file of zeros, unless there is one of that size.
 *
 * @returns whether there was none.
 */
function makeBeside(directory: string, name: keyof typeof besides): boolean {
  const fd = openSync(join(directory, name), constants.O_WRONLY | constants.O_CREAT | NO_LINKS, 0o600);
  try {
    const isNew = fstatSync(fd).size !== besides[name];
    // The zeros are written, so that a full file system shows here.
    if (isNew) {
      ftruncateSync(fd, 0);
      writeSync(fd, new Uint8Array(besides[name]), 0, besides[name], 0);
    }
    return isNew;
  } finally {
    closeSync(fd);
  }
}

function placed(error: unknown, path: string): unknown {
  if (error instanceof StateError) return error;
  const known = explained(error);
  if (known instanceof StateError && known.code !== 'ERR_STATE_PLACE') return known;
  const message = messageOf(error);
  return new StateError('ERR_STATE_PLACE', `cannot keep state in ${path}: ${message}`, { cause: error });
}
