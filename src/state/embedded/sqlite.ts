/**
 * The part of SQLite that is used, and the meaning of its errors. The library is node:sqlite, or npm's better-sqlite3
 * where Node has none. Both write the same files, even at the same time. The types of Node 20 know neither.
 */
import { createRequire } from 'node:module';
import { StateError, type StateErrorCode } from '../error.ts';
import { messageOf } from '../../contract/message-of.ts';

export type Column = string | number | null | Uint8Array;
export type Row = readonly Column[];

interface Statement {
  get(...parameters: Column[]): object | undefined;
  all(...parameters: Column[]): object[];
  run(...parameters: Column[]): { changes: number | bigint };
  /** node:sqlite has this from 22.16 on. */
  setReturnArrays?(enabled: boolean): void;
  /** better-sqlite3 sets this for statements that return rows. */
  readonly reader?: boolean;
  raw?(enabled: boolean): void;
}

interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

type ConnectionClass = new (path: string) => Connection;

/** An SQL statement whose rows are arrays, because objects take half as long again. */
export class Query {
  readonly #statement: Statement;
  readonly #isArray: boolean;

  constructor(connection: Connection, sql: string) {
    this.#statement = connection.prepare(sql);
    this.#isArray = returnArrays(this.#statement);
  }

  row(...parameters: Column[]): Row | undefined {
    const row = this.#statement.get(...parameters);
    return this.#isArray || row === undefined ? (row as Row | undefined) : Object.values(row);
  }

  rows(...parameters: Column[]): Row[] {
    return this.#statement.all(...parameters).map((row) => (this.#isArray ? (row as Row) : Object.values(row)));
  }

  /**
   * Runs the statement.
   *
   * @returns how many rows it changed.
   */
  run(...parameters: Column[]): number {
    return Number(this.#statement.run(...parameters).changes);
  }
}

/**
 * Asks for arrays.
 *
 * @returns whether the library supports that.
 */
function returnArrays(statement: Statement): boolean {
  if (statement.reader === true) statement.raw?.(true);
  statement.setReturnArrays?.(true);
  return statement.reader === true || statement.setReturnArrays !== undefined;
}

export type { Connection };

/**
 * Opens a connection.
 *
 * @throws StateError `ERR_STATE_UNSUPPORTED` where there is no SQLite.
 */
export function connect(path: string): Connection {
  const Database = builtIn() ?? installed();
  return new Database(path);
}

function builtIn(): ConnectionClass | undefined {
  const emitWarning = process.emitWarning.bind(process);
  // Our documentation says that the module is experimental, so each worker need not print it at every start.
  process.emitWarning = () => {};
  try {
    const sqlite = process.getBuiltinModule('node:sqlite') as { DatabaseSync: ConnectionClass } | undefined;
    return sqlite?.DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function installed(): ConnectionClass {
  try {
    return createRequire(import.meta.url)('better-sqlite3') as ConnectionClass;
  } catch (cause) {
    throw new StateError(
      'ERR_STATE_UNSUPPORTED',
      `Node ${process.version} has no node:sqlite to keep state in: npm install better-sqlite3, use Node 22.13 or newer, or openState('redis://...')`,
      { cause },
    );
  }
}

/** The primary result codes that have a meaning here: sqlite.org/rescode.html. */
const BUSY = 5;
const FULL = 13;
const STRANGE = 'the store is not as this version makes it: remove its directory';
const meanings: Readonly<Record<number, readonly [code: StateErrorCode, message: string]>> = {
  // All statements are in this package, so a missing table or column was removed by another program.
  1: ['ERR_STATE_DAMAGED', STRANGE],
  [BUSY]: ['ERR_STATE_TIMEOUT', 'another process holds the store'],
  8: ['ERR_STATE_PLACE', 'the store cannot be written'],
  10: ['ERR_STATE_FULL', 'the store could not be written or read: is the file system full?'],
  11: ['ERR_STATE_DAMAGED', 'the store is damaged: remove its directory'],
  [FULL]: [
    'ERR_STATE_FULL',
    'the store or its file system is full: bound caches by maxSize, give openState a larger one, or make room',
  ],
  14: ['ERR_STATE_PLACE', 'the store cannot be opened'],
  18: ['ERR_STATE_FULL', 'more than a database can hold in one row'],
  19: ['ERR_STATE_DAMAGED', STRANGE],
  20: ['ERR_STATE_DAMAGED', STRANGE],
  26: ['ERR_STATE_DAMAGED', 'the file is not a database: remove it, or give another path'],
};

/** The names of the codes in better-sqlite3, which adds the extended code: `SQLITE_IOERR_WRITE`. */
const names: Readonly<Record<string, number>> = {
  ERROR: 1,
  BUSY,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL,
  CANTOPEN: 14,
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  NOTADB: 26,
};
const OTHER = 0;
const MISMATCH = 20;

/** Returns the primary result code; undefined for an error that does not come from SQLite. */
function resultCode(error: unknown): number | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  // The value is a whole number that JavaScript does not represent exactly. prefork never writes one.
  if (code === 'ERR_OUT_OF_RANGE' && /JavaScript number/.test(messageOf(error))) return MISMATCH;
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') return errcode & 0xff;
  const name = typeof code === 'string' ? /^SQLITE_([A-Z]+)/.exec(code)?.[1] : undefined;
  return name === undefined ? undefined : (names[name] ?? OTHER);
}

export function isSqlite(error: unknown): boolean {
  return resultCode(error) !== undefined;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** Tells whether the store is at its limit, or its file system has no room. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === FULL;
}

/** Turns an SQLite error into one for users. Other errors stay as they are. */
export function explained(error: unknown): unknown {
  const code = resultCode(error);
  const meaning = code === undefined ? undefined : meanings[code];
  if (meaning === undefined) return error;
  return new StateError(meaning[0], `${meaning[1]} (SQLite: ${messageOf(error)})`, { cause: error });
}
