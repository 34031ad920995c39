import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { systemCode } from '../contract/system-code.ts';
import { ScoreboardError } from './error.ts';
import { FORMAT, MAGIC, MAX_ROWS, PLACED_HEADER, ROW_BYTES, rowOffset } from './layout.ts';
import type { Header } from './layout.ts';
import { viewOf } from './record.ts';
import { isSameFile, isStillThere, placeOf } from '../files/open-place.ts';

/** A board whose header has been checked. The caller has to close it. */
export interface OpenBoard {
  readonly fd: number;
  readonly header: Header;
  /** The file as it was opened. */
  readonly opened: Stats;
  /** Where it is: see `isStillThere`. The primary puts a new one there when that one is gone. */
  readonly place: string | undefined;
}

// The path may name anything: a symbolic link of another user in a directory that all may write to, or a FIFO whose
// open would wait for a writer for ever. Windows has neither flag.
const CAREFULLY: number = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens the board at `path` and checks its header.
 *
 * @throws ScoreboardError `ERR_SCOREBOARD_OPEN`, `ERR_SCOREBOARD_FORMAT` or `ERR_SCOREBOARD_VERSION`; nothing is left
 *   open
 */
export function openBoard(path: string, access: 'read' | 'write'): OpenBoard {
  const fd = openFile(path, access === 'read' ? constants.O_RDONLY : constants.O_RDWR);
  try {
    return { fd, header: readHeader(fd, path), opened: fstatSync(fd), place: placeOf(fd, path) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Tells whether the board is the one at its path, as long as its header says. It never throws. */
export function isCurrent({ fd, header, opened, place }: OpenBoard): boolean {
  try {
    const file = fstatSync(fd);
    return isSameFile(file, opened) && isStillThere(fd, place, file) && file.size === rowOffset(header.rows);
  } catch {
    // What closes descriptors that are not its own has closed this one.
    return false;
  }
}

/** Closes the board, unless its descriptor was closed by what does not own it, and may be another file's by now. */
export function closeBoard({ fd, opened }: OpenBoard): void {
  try {
    if (isSameFile(fstatSync(fd), opened)) closeSync(fd);
  } catch {
    // There is nothing to close.
  }
}

function openFile(path: string, mode: number): number {
  try {
    return openSync(path, mode | CAREFULLY);
  } catch (error) {
    const code = systemCode(error);
    // The path is a directory, a symbolic link (FreeBSD says EMLINK) or a socket.
    if (['EISDIR', 'ELOOP', 'EMLINK', 'ENXIO', 'EOPNOTSUPP'].includes(code)) {
      throw notABoard(path, 'it is not a regular file', error);
    }
    throw new ScoreboardError('ERR_SCOREBOARD_OPEN', `cannot open the scoreboard ${path}: ${code || String(error)}`, {
      cause: error,
    });
  }
}

function readHeader(fd: number, path: string): Header {
  const file = fstatSync(fd);
  if (!file.isFile()) throw notABoard(path, 'it is not a regular file');
  const bytes = Buffer.alloc(ROW_BYTES);
  const length = readSync(fd, bytes, 0, ROW_BYTES, 0);
  if (length < ROW_BYTES) throw notABoard(path, `it has ${length} bytes`);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw notABoard(path, 'it starts with other bytes');
  const header = decodeHeader(bytes);
  if (header.format !== FORMAT) {
    const message = `the scoreboard ${path} has format ${header.format} and this prefork reads format ${FORMAT}: use the version of prefork that runs pid ${header.primaryPid}`;
    throw new ScoreboardError('ERR_SCOREBOARD_VERSION', message);
  }
  if (header.rowSize !== ROW_BYTES) throw notABoard(path, `its rows have ${header.rowSize} bytes, not ${ROW_BYTES}`);
  if (header.rows < 1 || header.rows > MAX_ROWS) throw notABoard(path, `it says that it has ${header.rows} rows`);
  const size = ROW_BYTES * (1 + header.rows);
  if (file.size !== size) throw notABoard(path, `it has ${file.size} bytes and should have ${size}`);
  return header;
}

function notABoard(path: string, why: string, cause?: unknown): ScoreboardError {
  const options = cause === undefined ? undefined : { cause };
  return new ScoreboardError('ERR_SCOREBOARD_FORMAT', `${path} is not a scoreboard of prefork: ${why}`, options);
}

/** Encodes the header as the bytes at the start of a file. */
export function encodeHeader(header: Header): Buffer {
  const bytes = Buffer.alloc(ROW_BYTES);
  bytes.write(MAGIC, 'latin1');
  const view = viewOf(bytes);
  for (const { name, type, offset } of PLACED_HEADER) {
    const value = header[name as keyof Header];
    if (type === 'f64') view.setFloat64(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return bytes;
}

const SHARES_SOCKETS = PLACED_HEADER.find(({ name }) => name === 'sharesSockets')!.offset;

export function readSharesSockets(fd: number): boolean {
  const bytes = new Uint8Array(4);
  readSync(fd, bytes, 0, bytes.length, SHARES_SOCKETS);
  return viewOf(bytes).getUint32(0, true) !== 0;
}

function decodeHeader(bytes: Uint8Array): Header {
  const view = viewOf(bytes);
  const header = {} as Header;
  for (const { name, type, offset } of PLACED_HEADER) {
    header[name as keyof Header] = type === 'f64' ? view.getFloat64(offset, true) : view.getUint32(offset, true);
  }
  return header;
}
