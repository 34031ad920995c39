import { closeSync, fchmodSync, fstatSync, ftruncateSync, readSync, writeSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { ScoreboardError } from './error.ts';
import { createFile, makeWay, removeBoard } from './file.ts';
import { encodeHeader } from './header.ts';
import { FORMAT, MAX_ROWS, ROW_BYTES, rowOffset } from './layout.ts';
import { isOwn, isTaken } from './look.ts';
import { boardDirectories, boardFileName, userId } from './place.ts';
import { conditionOf, viewOf } from './record.ts';
import { isSameFile, isStillThere, placeOf } from '../files/open-place.ts';
import { NO_ROW, Rows } from './rows.ts';
import { isStale, thisPrimary } from './stale.ts';
import { removeState, reserveState } from './state-directory.ts';
import { messageOf } from '../contract/message-of.ts';

export { sweepStale } from './stale.ts';

export interface BoardOptions {
  /** The server's name, which becomes part of the file's. */
  readonly name: string;
  /**
   * How many workers may live at the same time. This is more than the number of slots, because of reloads and spares.
   */
  readonly rows: number;
  /** The directories for the file, best first. @default boardDirectories() */
  readonly directories?: readonly string[];
  /** The board of the primary before this one, with whose workers these share their state. */
  readonly before?: string | undefined;
}

/** How many names are tried in a directory. Any user may have taken the first. */
const MOST_NAMES = 3;
/** How many rows are looked at at each look: the 64 rows of most servers within a second. */
const ROWS_PER_LOOK = 16;
/** The part of the server's name that is in a file's, in characters. */
const LONGEST_NAME = 80;

/**
 * The primary's scoreboard. It owns the file, and the descriptor through which rows are cleared. Closing it closes the
 * descriptor and removes the file. Workers and readers that have the file open keep it.
 */
export class Board {
  /** The path, for the writers in the workers and for readers anywhere. */
  readonly path: string;
  /** How many workers may live at the same time. */
  readonly capacity: number;
  /** The number of files that this board has had: another one takes the place of one that was removed or moved. */
  files = 1;
  #fd: number;
  /** Where the file is: see `isStillThere`. */
  #place: string | undefined;
  /** The file as it was created. */
  #created: Stats;
  readonly #rows: Rows;
  #header: Buffer;
  /** What a look has read. */
  readonly #found: Buffer = Buffer.alloc(ROW_BYTES * ROWS_PER_LOOK);
  /** The free row that is looked at next. */
  #nextRow = 0;
  #closed = false;

  private constructor(path: string, fd: number, rows: number) {
    this.path = path;
    this.#fd = fd;
    this.#rows = new Rows(rows);
    this.capacity = rows;
    this.#header = headerOf(rows, false);
    this.#place = placeOf(fd, path);
    this.#created = fstatSync(fd);
  }

  /**
   * Creates the file.
   *
   * @throws ScoreboardError `ERR_SCOREBOARD_CREATE` when no directory takes it
   */
  static create({ name, rows, directories = boardDirectories(), before }: BoardOptions): Board {
    if (!Number.isInteger(rows) || rows < 1 || rows > MAX_ROWS) {
      throw new RangeError(`a scoreboard has 1 to ${MAX_ROWS} rows, not ${rows}`);
    }
    const fileNames = namesFor(name);
    const image = Buffer.alloc(rowOffset(rows));
    image.set(headerOf(rows, false));
    let refusal: unknown = new Error('there is no directory for it');
    for (const path of directories.flatMap((directory) => fileNames.map((fileName) => join(directory, fileName)))) {
      try {
        return new Board(path, createOrReplace(path, image, before), rows);
      } catch (error) {
        refusal = error;
      }
    }
    throw new ScoreboardError(
      'ERR_SCOREBOARD_CREATE',
      `cannot create the scoreboard ${fileNames[0]} in ${directories.join(' or ')}: ${messageOf(refusal)}`,
      { cause: refusal },
    );
  }

  /**
   * Takes a row for a worker that is about to start. The result is -1 when all are taken, and that worker then does
   * without.
   */
  takeRow(): number {
    // The worker opens the file, and reads the header.
    this.restore();
    return this.#rows.take();
  }

  /** Frees and clears the row of a worker that has exited. A caller that needs its totals must read it before. */
  freeRow(row: number): void {
    if (row === NO_ROW) return;
    this.#rows.free(row);
    this.#clear(row);
  }

  /** Tells the workers whether another primary has the sockets, too. They have to know it when this one is killed. */
  shareSockets(is: boolean): void {
    this.#header = headerOf(this.capacity, is);
    this.restore();
  }

  /**
   * Puts right what a process of this user has done to the file: that it is gone, its mode, its size, its header, and rows that no
   * worker has, some of them at each call. A row that a worker has is written whole by that worker, again and again. So what a worker does to the
   * file does not outlive it.
   */
  restore(): void {
    if (this.#closed) return;
    attempt(() => {
      const file = fstatSync(this.#fd);
      // What closes descriptors that are not its own may have let another file have this one's number.
      if (!isSameFile(file, this.#created)) return;
      // What keeps one of them from its work must not keep the others from theirs.
      attempt(() => this.#restorePlace(file));
      attempt(() => this.#restoreMode());
      attempt(() => this.#restoreSize());
      attempt(() => this.#restoreHeader());
      attempt(() => this.#clearFreeRows());
    });
  }

  /** Removes the board. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
    try {
      removeBoard(this.path);
    } catch {
      // Another process has put something in its place. The next primary removes what it may.
    }
  }

  /** Where the file is gone there is a new one. All look whether theirs is gone, and go on in the new one. */
  #restorePlace(file: Stats): void {
    if (isStillThere(this.#fd, this.#place, file)) return;
    makeWay(this.path);
    const image = Buffer.alloc(rowOffset(this.capacity));
    image.set(this.#header);
    const fd = createFile(this.path, image);
    closeSync(this.#fd);
    this.#fd = fd;
    this.#place = placeOf(fd, this.path);
    this.#created = fstatSync(fd);
    this.files += 1;
  }

  /** Workers that start later could not open it. */
  #restoreMode(): void {
    const { mode } = this.#created;
    if (fstatSync(this.#fd).mode !== mode) fchmodSync(this.#fd, mode & 0o777);
  }

  #restoreSize(): void {
    const size = rowOffset(this.capacity);
    if (fstatSync(this.#fd).size !== size) ftruncateSync(this.#fd, size);
  }

  #restoreHeader(): void {
    const found = this.#found.subarray(0, this.#header.length);
    readSync(this.#fd, found, 0, found.length, 0);
    if (!found.equals(this.#header)) writeSync(this.#fd, this.#header, 0, this.#header.length, 0);
  }

  #clearFreeRows(): void {
    const rows = Math.min(ROWS_PER_LOOK, this.capacity - this.#nextRow);
    const first = this.#nextRow;
    this.#nextRow = (first + rows) % this.capacity;
    const length = readSync(this.#fd, this.#found, 0, ROW_BYTES * rows, rowOffset(first));
    const view = viewOf(this.#found);
    for (let nth = 0; ROW_BYTES * (nth + 1) <= length; nth++) {
      const isFree = !this.#rows.isTaken(first + nth);
      if (isFree && conditionOf(view, ROW_BYTES * nth) !== 'blank') this.#clear(first + nth);
    }
  }

  #clear(row: number): void {
    if (this.#closed) return;
    // A row that stays says whose it was.
    attempt(() => writeSync(this.#fd, new Uint8Array(ROW_BYTES), 0, ROW_BYTES, rowOffset(row)));
  }
}

/** A worker that cuts the file short, and fills the file system, must not keep the primary from its work. */
function attempt(write: () => unknown): void {
  try {
    write();
  } catch {
    // Figures are worth less than what the primary was about to do.
  }
}

function headerOf(rows: number, sharesSockets: boolean): Buffer {
  const sizes = { format: FORMAT, rowSize: ROW_BYTES, rows };
  return encodeHeader({ ...sizes, ...thisPrimary(), sharesSockets: Number(sharesSockets) });
}

/** The names of the file, best first. Other users cannot guess the later ones. */
function namesFor(name: string): string[] {
  return Array.from({ length: MOST_NAMES }, (_, nth) => {
    const further = nth === 0 ? '' : `.${Math.random().toString(36).slice(2, 10)}`;
    return boardFileName({ uid: userId(), primaryPid: process.pid, name: `${name.slice(0, LONGEST_NAME)}${further}` });
  });
}

/**
 * Creates the file with the directory of the workers' state. Replaces only what a dead primary left: pid 1 of a restarted container
 * finds the files of its predecessor.
 */
function createOrReplace(path: string, image: Uint8Array, before: string | undefined): number {
  if (isOwn(path) && isStale(path)) removeBoard(path);
  if (isTaken(path) || !reserveState(path, before)) throw new Error(`${path} is taken`);
  try {
    return createFile(path, image);
  } catch (error) {
    removeState(path);
    throw error;
  }
}
