import { closeSync, constants, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StateError } from '../error.ts';
import { connect, explained, Query, type Connection } from './sqlite.ts';
import { takeDirectory } from './directory.ts';
import { marksSchema } from './marks.ts';
import { memorySpace, spaceIn, type Space } from './space.ts';
import { VERSIONS_SIZE } from './versions.ts';

/** In the file's header, where SQLite has a place for both: whose it is, and which version of this schema. */
const APPLICATION = 0x70_66_6b_73;
const SCHEMA = 1;

/** Bytes. Of 4 KB three values of 1 KB fit in a page, of 8 KB seven. */
export const PAGE = 8192;

/** The files beside the database, and their sizes. */
const besides: Readonly<Record<'versions' | 'bell', number>> = { versions: VERSIONS_SIZE, bell: 1 };

/** Windows has neither such links nor the flag. */
const NO_LINKS: number = constants.O_NOFOLLOW ?? 0;

/** How long each step of opening waits for another process that is opening too, ms: the event loop stands meanwhile. */
const OPENING = 100;

const schema = `
  CREATE TABLE areas(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, bytes REAL, entries REAL, hand REAL);
  CREATE TABLE versions(slot INTEGER PRIMARY KEY, version REAL NOT NULL);
  CREATE TABLE leases(name TEXT PRIMARY KEY, owner TEXT, token REAL, expires REAL, waited INTEGER) WITHOUT ROWID;
  CREATE TABLE tokens(last REAL NOT NULL);
  CREATE TABLE messages(id INTEGER PRIMARY KEY AUTOINCREMENT, sent REAL, channel TEXT, sender TEXT, body BLOB);
  INSERT INTO tokens VALUES (0);
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${SCHEMA};`;

/**
 * The connection to the file in which the store is, or to memory. Owns it; `close` ends it, and leaves the file.
 *
 * WAL, so that readers never wait for a writer. Not synchronous: what a process wrote the kernel has, which survives any
 * end of the process; only a machine that loses power loses the last, and never the file as a whole.
 */
export class Database {
  /** Of the file, bytes: what was asked for, or what there is room for. */
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
   * @param directory made where there is none; undefined: in memory.
   * @param maxSize of the file, bytes.
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
   * What is in the log is moved into the database, and its room used again, as far as nobody reads there. One process that
   * the kernel lets wait in the middle of a read would make it grow without end.
   *
   * @returns false while it is too long.
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
  connection.exec(`PRAGMA busy_timeout = ${OPENING}; PRAGMA page_size = ${PAGE}`);
  // In one transaction: between two of its questions another process could make a store of what was new.
  connection.exec('BEGIN');
  check(connection, path);
  connection.exec('COMMIT');
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA journal_size_limit = 4194304');
  connection.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048');
  connection.exec(`PRAGMA wal_autocheckpoint = ${pages(space.log)}; PRAGMA max_page_count = ${pages(space.database)}`);
  connection.exec('BEGIN IMMEDIATE');
  // Again, now that nobody else is at it.
  if (check(connection, path) === 'new') connection.exec(schema);
  connection.exec(marksSchema);
  if (directory !== undefined) {
    makeBeside(directory, 'bell');
    // The numbers in a file that is new say nothing of what the database has.
    if (makeBeside(directory, 'versions')) connection.exec('DELETE FROM versions');
  }
  connection.exec('COMMIT');
  // From here on the event loop is not to wait.
  connection.exec('PRAGMA busy_timeout = 0');
}

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE);
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

/** @returns a descriptor of a file beside the database, the caller's to close. */
export function openBeside(directory: string, name: keyof typeof besides): number {
  const path = join(directory, name);
  try {
    return openSync(path, constants.O_RDWR | NO_LINKS);
  } catch (error) {
    throw placed(error, path);
  }
}

/** Makes a file of zeros where there is none of that size. @returns whether there was none. */
function makeBeside(directory: string, name: keyof typeof besides): boolean {
  const fd = openSync(join(directory, name), constants.O_WRONLY | constants.O_CREAT | NO_LINKS, 0o600);
  try {
    const isNew = fstatSync(fd).size !== besides[name];
    // Written, so that a full file system shows here.
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
  const { message } = error as Error;
  return new StateError('ERR_STATE_PLACE', `cannot keep state in ${path}: ${message}`, { cause: error });
}
