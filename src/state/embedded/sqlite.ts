/** node:sqlite as far as it is used, and what its errors mean. The types of Node 20 do not know it. */
import { StateError, type StateErrorCode } from '../error.ts';

export type Column = string | number | null | Uint8Array;
export type Row = readonly Column[];

interface Statement {
  get(...parameters: Column[]): object | undefined;
  all(...parameters: Column[]): object[];
  run(...parameters: Column[]): { changes: number | bigint };
  setReturnArrays?(enabled: boolean): void;
}

interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Sqlite {
  DatabaseSync: new (path: string) => Connection;
}

/** One SQL statement, whose rows are arrays: objects take half as long again. */
export class Query {
  readonly #statement: Statement;
  readonly #isArray: boolean;

  constructor(connection: Connection, sql: string) {
    this.#statement = connection.prepare(sql);
    // Of 22.16 and later.
    this.#isArray = this.#statement.setReturnArrays !== undefined;
    this.#statement.setReturnArrays?.(true);
  }

  row(...parameters: Column[]): Row | undefined {
    const row = this.#statement.get(...parameters);
    return this.#isArray || row === undefined ? (row as Row | undefined) : Object.values(row);
  }

  rows(...parameters: Column[]): Row[] {
    return this.#statement.all(...parameters).map((row) => (this.#isArray ? (row as Row) : Object.values(row)));
  }

  /** @returns how many rows it changed. */
  run(...parameters: Column[]): number {
    return Number(this.#statement.run(...parameters).changes);
  }
}

export type { Connection };

/** @throws StateError `ERR_STATE_UNSUPPORTED` where Node has none. */
export function connect(path: string): Connection {
  const { DatabaseSync } = load();
  return new DatabaseSync(path);
}

function load(): Sqlite {
  const emitWarning = process.emitWarning.bind(process);
  // That it is experimental is said in our documentation, not by every worker at every start.
  process.emitWarning = () => {};
  try {
    const sqlite = process.getBuiltinModule('node:sqlite') as Sqlite | undefined;
    if (sqlite !== undefined) return sqlite;
  } finally {
    process.emitWarning = emitWarning;
  }
  throw new StateError(
    'ERR_STATE_UNSUPPORTED',
    `Node ${process.version} has no node:sqlite to keep state in: use Node 22.13 or newer, or openState('redis://...')`,
  );
}

/** The primary result codes that mean something to us: sqlite.org/rescode.html. */
const BUSY = 5;
const meanings: Readonly<Record<number, readonly [code: StateErrorCode, message: string]>> = {
  [BUSY]: ['ERR_STATE_TIMEOUT', 'another process holds the store'],
  8: ['ERR_STATE_PLACE', 'the store cannot be written'],
  10: ['ERR_STATE_FULL', 'the store could not be written or read: is the file system full?'],
  11: ['ERR_STATE_DAMAGED', 'the store is damaged: remove its directory'],
  13: [
    'ERR_STATE_FULL',
    'the store or its file system is full: bound caches by maxSize, give openState a larger one, or make room',
  ],
  14: ['ERR_STATE_PLACE', 'the store cannot be opened'],
  26: ['ERR_STATE_DAMAGED', 'the file is no database: remove it, or give another path'],
};

/** The primary result code; undefined for an error that is none of SQLite's. */
function resultCode(error: unknown): number | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
}

export function isSqlite(error: unknown): boolean {
  return resultCode(error) !== undefined;
}

export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** What SQLite threw, as users are told; all else as it is. */
export function explained(error: unknown): unknown {
  const code = resultCode(error);
  const meaning = code === undefined ? undefined : meanings[code];
  if (meaning === undefined) return error;
  return new StateError(meaning[0], `${meaning[1]} (SQLite: ${(error as Error).message})`, { cause: error });
}
