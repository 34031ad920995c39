/**
 * What a scoreboard file looks like, as data: two tables of fields, from which the offsets, the codec, the type of a
 * row and the documentation come. Little-endian, every field aligned to its own size, so that C or Python can read it.
 *
 *     offset 0          the header, padded to one row
 *     ROW_SIZE * (1+i)  row i: version u32, sum u32, the fields of `ROW`, `PAIRS`, then reserved zeros
 */
import { MOST_BALANCED_WORKERS } from '../contract/limits.ts';

/** The first eight bytes of every scoreboard, whatever its format. */
export const MAGIC = 'PREFORK\n';

/** Counts every change of the tables below: a reader understands its own format and no other. */
export const FORMAT = 5;

/**
 * Bytes of a row. A power of two no larger than a page, because the kernel copies page by page and looks for a pending
 * SIGKILL between pages: a row inside one page is written whole or not at all, however its worker ends, and no two
 * workers write one cache line. What the fields leave costs nothing: a write of 1024 bytes and one of 128 take the same
 * time (the system call is the price).
 */
export const ROW_SIZE = 2048;

/** More rows than any machine has workers; a header that says more is damaged. */
export const MAX_ROWS = 4096;

/**
 * What a worker says of itself, in the order of its life, and the byte that stands for it. 0 is no state. `standby`: its
 * application waits for an answer to its `listen`, which a spare gets only when it is promoted.
 */
export const STATES = { booting: 1, standby: 2, ready: 3, draining: 4 } as const;
export type State = keyof typeof STATES;

/** How a field is stored; `state` is a byte out of {@link STATES}. */
export type FieldType = 'state' | 'i32' | 'u32' | 'f64';

const BYTES: Readonly<Record<FieldType, number>> = { state: 1, i32: 4, u32: 4, f64: 8 };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Of an array: how many there are. */
  readonly count?: number;
  readonly unit: string;
  readonly sentence: string;
}

/** A field and where it is, counted from the start of its row or of the header. */
export interface PlacedField extends Field {
  readonly offset: number;
}

/** The figures of one worker, in the order they are stored. */
export const ROW = [
  { name: 'pid', type: 'u32', unit: '', sentence: 'Process id of the worker.' },
  { name: 'slot', type: 'i32', unit: '', sentence: 'Slot the worker fills; -1 for a spare.' },
  { name: 'generation', type: 'u32', unit: '', sentence: 'Generation the worker was started for.' },
  { name: 'state', type: 'state', unit: '', sentence: 'As the worker sees it: booting, standby, ready or draining.' },
  { name: 'heartbeat', type: 'f64', unit: 'ms', sentence: 'Monotonic time of this row; old means the worker hangs.' },
  { name: 'startedAt', type: 'f64', unit: 'ms', sentence: 'When the process started, since the Unix epoch.' },
  { name: 'connectionsOpen', type: 'f64', unit: 'connections', sentence: 'Accepted and not yet closed.' },
  { name: 'connectionsAccepted', type: 'f64', unit: 'connections', sentence: 'Accepted since the worker started.' },
  {
    name: 'requestsStarted',
    type: 'f64',
    unit: 'requests',
    sentence: 'Whose head was read, since the worker started.',
  },
  { name: 'requestsFinished', type: 'f64', unit: 'requests', sentence: 'Answered, or given up by their client.' },
  { name: 'elu', type: 'f64', unit: 'ratio', sentence: 'Share of the last beat the event loop was busy, 0 to 1.' },
  { name: 'delay', type: 'f64', unit: 'ms', sentence: 'How late the last beat was: what a request waits too.' },
  { name: 'delayP50', type: 'f64', unit: 'ms', sentence: 'Half of the beats of the last minute were as late or less.' },
  { name: 'delayP99', type: 'f64', unit: 'ms', sentence: 'All but one in a hundred of them were.' },
  { name: 'rss', type: 'f64', unit: 'bytes', sentence: 'Resident memory of the process.' },
  { name: 'heapUsed', type: 'f64', unit: 'bytes', sentence: 'Memory of JavaScript objects in use.' },
  { name: 'heapLimit', type: 'f64', unit: 'bytes', sentence: 'What V8 lets heapUsed grow to; 0 while it is small.' },
  {
    name: 'durations',
    type: 'f64',
    // DURATIONS, as a number for the type of the table; a test compares them.
    count: 60,
    unit: 'requests',
    sentence: 'Answered requests by class of status and duration: see durations.ts.',
  },
  {
    name: 'handoffsReceived',
    type: 'f64',
    unit: 'connections',
    sentence: 'That another worker accepted and this one serves.',
  },
  {
    name: 'handoffsSent',
    type: 'f64',
    unit: 'connections',
    sentence: 'That this worker accepted and another one serves.',
  },
  {
    name: 'handoffsRefused',
    type: 'f64',
    unit: 'connections',
    sentence: 'That the other worker would not have, so that this one serves them.',
  },
  {
    name: 'handoffsFailed',
    type: 'f64',
    unit: 'connections',
    sentence: 'On their way when the other worker ended, so that this one serves them.',
  },
  {
    name: 'handicap',
    type: 'f64',
    unit: 'connections',
    sentence: 'That it counts more than it has: it let go of them since those it has ask for more than others.',
  },
] as const;

/** What every reader checks first. Written once, before a worker is told of the file. */
export const HEADER = [
  { name: 'format', type: 'u32', unit: '', sentence: 'Version of this layout.' },
  { name: 'rowSize', type: 'u32', unit: 'bytes', sentence: 'Size of the header and of each row.' },
  { name: 'rows', type: 'u32', unit: 'rows', sentence: 'Rows after the header.' },
  { name: 'primaryPid', type: 'u32', unit: '', sentence: 'Process id of the primary.' },
  { name: 'pidNamespace', type: 'u32', unit: '', sentence: 'Inode of its pid namespace on Linux, else 0.' },
  { name: 'primaryStartedAt', type: 'f64', unit: 'ms', sentence: 'When it started, since the Unix epoch.' },
] as const;

type Name<Fields extends readonly Field[]> = Fields[number]['name'];

/** One worker's figures: units and meanings are in {@link ROW}. */
export type Row = { [name in Exclude<Name<typeof ROW>, 'state' | 'durations'>]: number } & {
  state: State;
  durations: Float64Array;
};

/** The figures of a board: {@link HEADER}. */
export type Header = { [name in Name<typeof HEADER>]: number };

function place(fields: readonly Field[], from: number): readonly PlacedField[] {
  let offset = from;
  return fields.map((field) => {
    const bytes = BYTES[field.type];
    const placed = { ...field, offset: Math.ceil(offset / bytes) * bytes };
    offset = placed.offset + bytes * (field.count ?? 1);
    return placed;
  });
}

/** {@link HEADER} with offsets: right after {@link MAGIC}. */
export const PLACED_HEADER: readonly PlacedField[] = place(HEADER, 8);

/** {@link ROW} with offsets: right after version and sum. */
export const PLACED_ROW: readonly PlacedField[] = place(ROW, 8);

/**
 * After the fields: for each slot, in arrays of bytes, what this worker and that slot's have of each other's connections.
 * From the rows of both follows how many are on their way at this moment, which is what the receiver will have beside
 * what it has: those unanswered, but at most as many as were numbered since the last that arrived. Either alone would
 * not do: an answer takes its time, and a worker that is new has not seen the numbers before it.
 */
export const PAIRS: { readonly [part in 'unanswered' | 'sent' | 'arrived']: number } & { readonly slots: number } =
  placePairs(MOST_BALANCED_WORKERS);

function placePairs(slots: number): typeof PAIRS {
  const end = PLACED_ROW.reduce((most, { offset, type, count = 1 }) => Math.max(most, offset + BYTES[type] * count), 0);
  const unanswered = Math.ceil(end / 4) * 4;
  return { slots, unanswered, sent: unanswered + slots, arrived: unanswered + 2 * slots };
}

/** Bytes of a row that say something; the rest is reserved. A multiple of 4, for the sum is taken over 32-bit words. */
export const ROW_USED: number = PAIRS.arrived + PAIRS.slots;

/** Where in a row a field is. */
export function fieldOffset(name: keyof Row): number {
  return PLACED_ROW.find((field) => field.name === name)!.offset;
}

/** Where row `row` starts in the file. */
export function rowOffset(row: number): number {
  return ROW_SIZE * (1 + row);
}
