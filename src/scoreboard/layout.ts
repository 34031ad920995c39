/**
 * Describes a scoreboard file as data. Two tables of fields, that of the header and that of a worker's figures
 * (src/contract/figures.ts), give the offsets, the codec and the type of a row. Numbers are little-endian and aligned
 * to their own size, so that C or Python can read them.
 *
 *     offset 0          the header, padded to one row
 *     ROW_BYTES * (1+i)  row i: version u32, sum u32, `FIGURES`, `PAIRS`, then reserved zeros
 */
import { FIGURES, type FieldType, type FigureRow } from '../contract/figures.ts';
import { MOST_BALANCED_WORKERS } from '../contract/limits.ts';

/** The first eight bytes of every scoreboard, whatever its format. */
export const MAGIC = 'PREFORK\n';

/**
 * The size of a row in bytes, a power of two no larger than a page. The kernel copies page by page and checks for a
 * pending SIGKILL between pages. So a row inside one page is written whole or not at all, however its worker ends.
 * Besides, no two workers write one cache line. The unused rest costs nothing: a write of 1024 bytes takes as long as
 * one of 128, because the system call is the price.
 */
export const ROW_BYTES = 2048;

/** The number of rows exceeds the workers of any machine. A header with a larger number is damaged. */
export const MAX_ROWS = 4096;

/**
 * The states that a worker reports, in the order of its life, and the byte for each. 0 is no state. In `standby`, its
 * application waits for an answer to its `listen`, which a spare only gets when it is promoted, or another worker accepts
 * for its slot. When a worker of the second kind has given its connections away, it is `parked`.
 */
export const STATES = { booting: 1, standby: 2, ready: 3, draining: 4, parked: 5 } as const;
export type State = keyof typeof STATES;

const BYTES: Readonly<Record<FieldType, number>> = { state: 1, i32: 4, u32: 4, f64: 8 };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** The number of elements, when the field is an array. */
  readonly count?: number;
}

/** A field with its offset from the start of its row or of the header. */
export interface PlacedField extends Field {
  readonly offset: number;
}

/** The header, which every reader checks first. All but `sharesSockets` is written once, before a worker learns of the file. */
export const HEADER = [
  // The version of this layout.
  { name: 'format', type: 'u32' },
  // The size of the header, and of each row, in bytes.
  { name: 'rowSize', type: 'u32' },
  // The number of rows after the header.
  { name: 'rows', type: 'u32' },
  { name: 'primaryPid', type: 'u32' },
  // The inode of the primary's pid namespace on Linux, otherwise 0.
  { name: 'pidNamespace', type: 'u32' },
  // The time in ms since the Unix epoch.
  { name: 'primaryStartedAt', type: 'f64' },
  // 1 in an upgrade, for both primaries, while the other one has the sockets, too. Workers of one that is killed then leave the
  // files of Unix sockets alone.
  { name: 'sharesSockets', type: 'u32' },
] as const;

/** The figures of one worker. Their units and meanings are in {@link FIGURES}. */
export type Row = {
  [Figure in FigureRow as Figure['name']]: Figure extends { type: 'state' }
    ? State
    : Figure extends { count: number }
      ? Float64Array
      : number;
};

/** The figures of a board: {@link HEADER}. */
export type Header = { [name in (typeof HEADER)[number]['name']]: number };

function place(fields: readonly Field[], from: number): readonly PlacedField[] {
  let offset = from;
  return fields.map((field) => {
    const bytes = BYTES[field.type];
    const placed = { ...field, offset: Math.ceil(offset / bytes) * bytes };
    offset = placed.offset + bytes * (field.count ?? 1);
    return placed;
  });
}

/** {@link HEADER} with offsets, right after {@link MAGIC}. */
export const PLACED_HEADER: readonly PlacedField[] = place(HEADER, 8);

/** {@link FIGURES} with offsets, right after version and sum. */
export const PLACED_ROW: readonly PlacedField[] = place(FIGURES, 8);

/** The parts that a row has for each slot: see {@link PAIRS}. */
export type PairPart = 'unanswered' | 'sent' | 'arrived';

/**
 * The place of the pairs, after the fields. They are arrays of bytes by slot, about the connections between this worker
 * and the worker of that slot. The rows of both tell how many connections are on their way now, which the receiver will
 * have in addition to its own. These are the unanswered ones, but at most as many as were numbered since the last that
 * arrived. Neither figure suffices alone: an answer takes time, and a new worker has not seen the earlier numbers.
 */
export const PAIRS: { readonly [part in PairPart]: number } & { readonly slots: number } =
  placePairs(MOST_BALANCED_WORKERS);

function placePairs(slots: number): typeof PAIRS {
  const end = PLACED_ROW.reduce((most, { offset, type, count = 1 }) => Math.max(most, offset + BYTES[type] * count), 0);
  const unanswered = Math.ceil(end / 4) * 4;
  return { slots, unanswered, sent: unanswered + slots, arrived: unanswered + 2 * slots };
}

/**
 * The number of bytes of a row that are in use; the rest is reserved. The number is a multiple of 4, because the sum is
 * taken over 32-bit words.
 */
export const USED_ROW_BYTES: number = PAIRS.arrived + PAIRS.slots;

/**
 * The number by which a reader recognises a layout, because it understands only its own. The number is computed from
 * the tables, so that no change of one can be forgotten.
 */
export const FORMAT: number = formatOf([...PLACED_HEADER, ...PLACED_ROW], [ROW_BYTES, ...Object.values(PAIRS)]);

/** Computes FNV-1a over the fields and the other numbers of a layout. */
export function formatOf(fields: readonly PlacedField[], rest: readonly number[]): number {
  const places = fields.map(({ name, type, offset, count = 1 }) => `${name} ${type} ${offset} ${count}`);
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from([...places, ...rest].join('\n'))) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Returns the offset of a field in a row. */
export function fieldOffset(name: keyof Row): number {
  return PLACED_ROW.find((field) => field.name === name)!.offset;
}

/** Returns the position of row `row` in the file. */
export function rowOffset(row: number): number {
  return ROW_BYTES * (1 + row);
}
