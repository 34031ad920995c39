import { readSync } from 'node:fs';
import { HUNG_AFTER_MS } from '../contract/limits.ts';
import { closeBoard, isCurrent, openBoard, type OpenBoard } from './header.ts';
import { fieldOffset, PAIRS, ROW_BYTES, rowOffset, STATES } from './layout.ts';
import { inRange, isOfTheFuture } from './range.ts';
import { conditionOf, viewOf } from './record.ts';

/** How often all rows are read to see which are in use. In between only those are read. */
const SURVEY_PERIOD_MS = 250;

/** The number of attempts when a row was torn. One that stays torn hides itself alone. */
const TRIES = 3;

const SLOT = fieldOffset('slot');
const STATE = fieldOffset('state');
const HEARTBEAT = fieldOffset('heartbeat');
const OPEN = fieldOffset('connectionsOpen');
const HANDICAP = fieldOffset('handicap');
const UTILIZATION = fieldOffset('utilization');

const CONDITIONS = { blank: 0, whole: 1, torn: 2 } as const;

/** The rows as one look found them. */
interface Read {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function newRead(rows: number): Read {
  const bytes = Buffer.alloc(ROW_BYTES * rows);
  return { bytes, view: viewOf(bytes) };
}

/**
 * A worker's view of all slots, read with one system call: only the figures that balancing needs, in arrays by slot,
 * without any allocation. `Reader` is for callers that want whole rows.
 *
 * The view owns a descriptor, and closing the view closes it. It never throws: what another process does to the file hides the slots no
 * longer than the primary needs to put that right.
 */
export class LoadView {
  /** The highest slot that has a worker, plus one. */
  slots = 0;
  /** The monotonic time in ms of the last row of the slot's worker; 0 where there is none. */
  readonly beats: Float64Array = new Float64Array(PAIRS.slots);
  /** The connections that the worker has open, or that count as if it had. */
  readonly open: Float64Array = new Float64Array(PAIRS.slots);
  /** The connections on their way to the worker. */
  readonly coming: Float64Array = new Float64Array(PAIRS.slots);
  /** Connections of workers that had the slot before, and are about to move to the one that has it now. */
  readonly leaving: Float64Array = new Float64Array(PAIRS.slots);
  /** How busy its event loop is, 0 to 1. */
  readonly utilization: Float64Array = new Float64Array(PAIRS.slots);
  /** The offset of the slot's row in the bytes that were read. */
  readonly #bases: Float64Array = new Float64Array(PAIRS.slots);
  readonly #path: string;
  #board: OpenBoard | undefined;
  /** The rows of this look, and those of the look before, which stand in for rows that are torn now. They change places. */
  #now: Read = newRead(0);
  #before: Read = newRead(0);
  /** Which rows are whole, blank and torn. */
  #conditions = new Uint8Array(0);
  /** The number of rows that are read. */
  #span = 0;
  #surveyDue = -Infinity;
  #isClosed = false;

  /** Opens the board now, as an application may give up the right to later. Where that fails, looks try it again. */
  constructor(path: string) {
    this.#path = path;
    this.#open();
  }

  /**
   * Reads the rows.
   *
   * @returns false when that failed, and the view is then as old as before, or empty.
   */
  refresh(now: number): boolean {
    try {
      return this.#look(now);
    } catch {
      // Something of this process has closed descriptors that are not its own.
      return false;
    }
  }

  #look(now: number): boolean {
    const isSurvey = now >= this.#surveyDue;
    if (isSurvey) this.#prepareSurvey(now);
    [this.#now, this.#before] = [this.#before, this.#now];
    for (let tries = 0, isTorn = true; isTorn && tries < TRIES; tries++) {
      if (!this.#fetch()) return false;
      isTorn = this.#findTorn();
    }
    const last = this.#decode(now);
    if (isSurvey) this.#span = Math.max(1, last + 1);
    return true;
  }

  #prepareSurvey(now: number): void {
    this.#surveyDue = now + SURVEY_PERIOD_MS;
    if (this.#isClosed) return;
    if (this.#board === undefined || !isCurrent(this.#board)) this.#open();
    this.#span = this.#conditions.length;
  }

  #open(): void {
    let next: OpenBoard;
    try {
      next = openBoard(this.#path, 'read');
    } catch {
      // The primary puts it right, or this process may not open it. What is open is as good as before.
      return;
    }
    if (this.#board !== undefined) closeBoard(this.#board);
    this.#board = next;
    const { rows } = next.header;
    if (rows === this.#conditions.length) return;
    this.#now = newRead(rows);
    this.#before = newRead(rows);
    this.#conditions = new Uint8Array(rows);
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#board !== undefined) closeBoard(this.#board);
  }

  /** What a file that was cut short does not have is blank: the workers write their rows again, and the primary the rest. */
  #fetch(): boolean {
    if (this.#isClosed || this.#board === undefined) return false;
    const wanted = ROW_BYTES * this.#span;
    const length = readSync(this.#board.fd, this.#now.bytes, 0, wanted, rowOffset(0));
    if (length < wanted) this.#now.bytes.fill(0, length, wanted);
    return length > 0;
  }

  #findTorn(): boolean {
    let isTorn = false;
    for (let row = 0; row < this.#span; row++) {
      const condition = conditionOf(this.#now.view, ROW_BYTES * row);
      this.#conditions[row] = CONDITIONS[condition];
      isTorn ||= condition === 'torn';
    }
    return isTorn;
  }

  /** @returns the last row in use. */
  #decode(now: number): number {
    this.slots = 0;
    this.beats.fill(0);
    this.coming.fill(0);
    this.leaving.fill(0);
    let last = -1;
    for (let row = 0; row < this.#span; row++) {
      if (this.#conditions[row] === CONDITIONS.torn) this.#standIn(row, now);
      if (this.#conditions[row] === CONDITIONS.blank) continue;
      last = row;
      this.#decodeSlot(ROW_BYTES * row, now);
    }
    for (let row = 0; row <= last; row++)
      if (this.#conditions[row] === CONDITIONS.whole) this.#decodePairs(ROW_BYTES * row);
    return last;
  }

  /**
   * Puts what the row was before in its place, as long as its worker would count as alive by that. So a row that is torn for a moment
   * changes no sum by which connections are moved. One that stays torn is blank: no worker writes it.
   */
  #standIn(row: number, now: number): void {
    const base = ROW_BYTES * row;
    this.#before.bytes.copy(this.#now.bytes, base, base, base + ROW_BYTES);
    const isWhole = conditionOf(this.#now.view, base) === 'whole';
    const isRecent = isWhole && now - this.#now.view.getFloat64(base + HEARTBEAT, true) < HUNG_AFTER_MS;
    if (!isRecent) this.#now.bytes.fill(0, base, base + ROW_BYTES);
    this.#conditions[row] = isRecent ? CONDITIONS.whole : CONDITIONS.blank;
  }

  /**
   * Decodes the figures of a slot. A worker that drains no longer has its slot. When two workers serve it, the one with
   * the later beat is taking it over.
   */
  #decodeSlot(base: number, now: number): void {
    const { view } = this.#now;
    const slot = view.getInt32(base + SLOT, true);
    if (slot < 0 || slot >= PAIRS.slots) return;
    const state = view.getUint8(base + STATE);
    // The worker is parked, or drains. One that is parked and gives nothing away any more keeps what it has.
    if (state === STATES.draining || state === STATES.standby)
      this.leaving[slot]! += inRange(view.getFloat64(base + OPEN, true));
    if (state !== STATES.ready) return;
    const beat = view.getFloat64(base + HEARTBEAT, true);
    if (!(beat >= this.beats[slot]!) || isOfTheFuture(beat, now)) return;
    this.beats[slot] = beat;
    this.open[slot] = inRange(view.getFloat64(base + OPEN, true)) + inRange(view.getFloat64(base + HANDICAP, true));
    this.utilization[slot] = inRange(view.getFloat64(base + UTILIZATION, true), 1);
    this.#bases[slot] = base;
    this.slots = Math.max(this.slots, slot + 1);
  }

  #decodePairs(base: number): void {
    const { view } = this.#now;
    const sender = view.getInt32(base + SLOT, true);
    if (sender < 0 || sender >= PAIRS.slots) return;
    for (let to = 0; to < this.slots; to++) {
      const unanswered = view.getUint8(base + PAIRS.unanswered + to);
      if (unanswered === 0 || this.beats[to] === 0) continue;
      const sent = view.getUint8(base + PAIRS.sent + to);
      const arrived = view.getUint8(this.#bases[to]! + PAIRS.arrived + sender);
      this.coming[to]! += Math.min(unanswered, (sent - arrived) & 0xff);
    }
  }
}
