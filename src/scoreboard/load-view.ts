import { closeSync, readSync } from 'node:fs';
import { openBoard } from './header.ts';
import { fieldOffset, PAIRS, ROW_BYTES, rowOffset, STATES } from './layout.ts';
import { inRange } from './range.ts';
import { conditionOf, viewOf } from './record.ts';

/** How often all rows are read to see which are in use. In between only those are read. */
const SURVEY_PERIOD_MS = 250;

/** The number of attempts when a row was torn. */
const TRIES = 3;

const SLOT = fieldOffset('slot');
const STATE = fieldOffset('state');
const HEARTBEAT = fieldOffset('heartbeat');
const OPEN = fieldOffset('connectionsOpen');
const HANDICAP = fieldOffset('handicap');
const UTILIZATION = fieldOffset('utilization');

/**
 * A worker's view of all slots, read with one system call: only the figures that balancing needs, in arrays by slot,
 * without any allocation. `Reader` is for callers that want whole rows.
 *
 * The view owns a descriptor, and closing the view closes it.
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
  readonly #fd: number;
  readonly #rows: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** The number of rows that are read. */
  #span: number;
  #surveyDue = 0;
  #isClosed = false;

  private constructor(fd: number, rows: number) {
    this.#fd = fd;
    this.#rows = rows;
    this.#span = rows;
    this.#bytes = Buffer.alloc(ROW_BYTES * rows);
    this.#view = viewOf(this.#bytes);
  }

  /**
   * Opens the board.
   *
   * @throws ScoreboardError
   */
  static open(path: string): LoadView {
    const { fd, header } = openBoard(path, 'read');
    return new LoadView(fd, header.rows);
  }

  /**
   * Reads the rows.
   *
   * @returns false when that failed, and the view is then as old as before, or empty.
   */
  refresh(now: number): boolean {
    const isSurvey = now >= this.#surveyDue;
    if (isSurvey) this.#span = this.#rows;
    for (let tries = 0; tries < TRIES; tries++) {
      if (!this.#fetch()) return false;
      const last = this.#decode();
      if (last === undefined) continue;
      if (isSurvey) {
        this.#span = Math.max(1, last + 1);
        this.#surveyDue = now + SURVEY_PERIOD_MS;
      }
      return true;
    }
    return false;
  }

  /** Closes the descriptor. A second call does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #fetch(): boolean {
    const length = ROW_BYTES * this.#span;
    return !this.#isClosed && readSync(this.#fd, this.#bytes, 0, length, rowOffset(0)) === length;
  }

  /**
   * Decodes the rows.
   *
   * @returns the last row in use; undefined when a row is torn.
   */
  #decode(): number | undefined {
    this.slots = 0;
    this.beats.fill(0);
    this.coming.fill(0);
    this.leaving.fill(0);
    let last = -1;
    for (let row = 0; row < this.#span; row++) {
      const condition = conditionOf(this.#view, ROW_BYTES * row);
      if (condition === 'torn') return undefined;
      if (condition === 'blank') continue;
      last = row;
      this.#decodeSlot(ROW_BYTES * row);
    }
    for (let row = 0; row <= last; row++) this.#decodePairs(ROW_BYTES * row);
    return last;
  }

  /**
   * Decodes the figures of a slot. A worker that drains no longer has its slot. When two workers serve it, the one with
   * the later beat is taking it over.
   */
  #decodeSlot(base: number): void {
    const view = this.#view;
    const slot = view.getInt32(base + SLOT, true);
    if (slot < 0 || slot >= PAIRS.slots) return;
    const state = view.getUint8(base + STATE);
    // The worker is parked, or drains. One that is parked and gives nothing away any more keeps what it has.
    if (state === STATES.draining || state === STATES.standby)
      this.leaving[slot]! += inRange(view.getFloat64(base + OPEN, true));
    if (state !== STATES.ready) return;
    const beat = view.getFloat64(base + HEARTBEAT, true);
    if (!(beat >= this.beats[slot]!)) return;
    this.beats[slot] = beat;
    this.open[slot] = inRange(view.getFloat64(base + OPEN, true)) + inRange(view.getFloat64(base + HANDICAP, true));
    this.utilization[slot] = inRange(view.getFloat64(base + UTILIZATION, true), 1);
    this.#bases[slot] = base;
    this.slots = Math.max(this.slots, slot + 1);
  }

  #decodePairs(base: number): void {
    const view = this.#view;
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
