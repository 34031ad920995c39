import { closeSync, readSync } from 'node:fs';
import { openBoard } from './header.ts';
import { fieldOffset, PAIRS, ROW_SIZE, rowOffset, STATES } from './layout.ts';
import { inRange } from './range.ts';
import { conditionOf, viewOf } from './record.ts';

/** How often all rows are read to see which are in use, ms; between two of them only those. */
const SURVEY_PERIOD = 250;

/** How often rows are read again when one of them was torn. */
const TRIES = 3;

const SLOT = fieldOffset('slot');
const STATE = fieldOffset('state');
const HEARTBEAT = fieldOffset('heartbeat');
const OPEN = fieldOffset('connectionsOpen');
const HANDICAP = fieldOffset('handicap');
const UTILIZATION = fieldOffset('utilization');

/**
 * What a worker sees of all slots with one system call: the few figures that balancing needs, in arrays by slot, and
 * nothing allocated. `Reader` is for those who want whole rows.
 *
 * Owns a descriptor, which closing it closes.
 */
export class LoadView {
  /** One more than the highest slot that has a worker. */
  slots = 0;
  /** Monotonic time, ms, of the last row of the worker that serves the slot; 0 where none does. */
  readonly beats: Float64Array = new Float64Array(PAIRS.slots);
  /** Connections that it has open, or that count as if it had. */
  readonly open: Float64Array = new Float64Array(PAIRS.slots);
  /** Connections on their way to it. */
  readonly coming: Float64Array = new Float64Array(PAIRS.slots);
  /** Connections of workers that had the slot before, and are about to move to the one that has it now. */
  readonly leaving: Float64Array = new Float64Array(PAIRS.slots);
  /** How busy its event loop is, 0 to 1. */
  readonly utilization: Float64Array = new Float64Array(PAIRS.slots);
  /** Where the slot's row starts in what was read. */
  readonly #bases: Float64Array = new Float64Array(PAIRS.slots);
  readonly #fd: number;
  readonly #rows: number;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** Rows that are read. */
  #span: number;
  #surveyDue = 0;
  #isClosed = false;

  private constructor(fd: number, rows: number) {
    this.#fd = fd;
    this.#rows = rows;
    this.#span = rows;
    this.#bytes = Buffer.alloc(ROW_SIZE * rows);
    this.#view = viewOf(this.#bytes);
  }

  /** @throws ScoreboardError */
  static open(path: string): LoadView {
    const { fd, header } = openBoard(path, 'read');
    return new LoadView(fd, header.rows);
  }

  /** Reads the rows. @returns false when that failed: what is known is as old as before, or nothing. */
  refresh(now: number): boolean {
    const isSurvey = now >= this.#surveyDue;
    if (isSurvey) this.#span = this.#rows;
    for (let tries = 0; tries < TRIES; tries++) {
      if (!this.#fetch()) return false;
      const last = this.#decode();
      if (last === undefined) continue;
      if (isSurvey) {
        this.#span = Math.max(1, last + 1);
        this.#surveyDue = now + SURVEY_PERIOD;
      }
      return true;
    }
    return false;
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#fd);
  }

  #fetch(): boolean {
    const length = ROW_SIZE * this.#span;
    return !this.#isClosed && readSync(this.#fd, this.#bytes, 0, length, rowOffset(0)) === length;
  }

  /** @returns the last row in use; undefined when one is torn. */
  #decode(): number | undefined {
    this.slots = 0;
    this.beats.fill(0);
    this.coming.fill(0);
    this.leaving.fill(0);
    let last = -1;
    for (let row = 0; row < this.#span; row++) {
      const condition = conditionOf(this.#view, ROW_SIZE * row);
      if (condition === 'torn') return undefined;
      if (condition === 'blank') continue;
      last = row;
      this.#decodeSlot(ROW_SIZE * row);
    }
    for (let row = 0; row <= last; row++) this.#decodePairs(ROW_SIZE * row);
    return last;
  }

  /** One that drains has the slot no more; of two that serve, the slot is being taken over by the one that beats last. */
  #decodeSlot(base: number): void {
    const view = this.#view;
    const slot = view.getInt32(base + SLOT, true);
    if (slot < 0 || slot >= PAIRS.slots) return;
    const state = view.getUint8(base + STATE);
    // One that is parked, or drains.
    if (state > STATES.ready || state === STATES.standby)
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
