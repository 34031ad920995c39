/**
 * What a scoreboard file looks like, as data: two tables of fields, that of the header and that of the figures of a worker
 * (src/contract/figures.ts), from which the offsets, the codec and the type of a row come. Little-endian, every field aligned to its own size, so that C or Python can read it.
 *
 *     offset 0          the header, padded to one row
 *     ROW_SIZE * (1+i)  row i: version u32, sum u32, `FIGURES`, `PAIRS`, then reserved zeros
 */
import { FIGURES, type FieldType, type FigureRow } from '../contract/figures.ts';
import { MOST_BALANCED_WORKERS } from '../contract/limits.ts';

/** The first eight bytes of every scoreboard, whatever its format. */
export const MAGIC = 'PREFORK\n';

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

const BYTES: Readonly<Record<FieldType, number>> = { state: 1, i32: 4, u32: 4, f64: 8 };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Of an array: how many there are. */
  readonly count?: number;
}

/** A field and where it is, counted from the start of its row or of the header. */
export interface PlacedField extends Field {
  readonly offset: number;
}

/** What every reader checks first. Written once, before a worker is told of the file. */
export const HEADER = [
  // Version of this layout.
  { name: 'format', type: 'u32' },
  // Bytes of the header, and of each row.
  { name: 'rowSize', type: 'u32' },
  // How many rows follow the header.
  { name: 'rows', type: 'u32' },
  { name: 'primaryPid', type: 'u32' },
  // The inode of its pid namespace on Linux, else 0.
  { name: 'pidNamespace', type: 'u32' },
  // Milliseconds since the Unix epoch.
  { name: 'primaryStartedAt', type: 'f64' },
] as const;

/** One worker's figures: units and meanings are in {@link FIGURES}. */
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

/** {@link HEADER} with offsets: right after {@link MAGIC}. */
export const PLACED_HEADER: readonly PlacedField[] = place(HEADER, 8);

/** {@link FIGURES} with offsets: right after version and sum. */
export const PLACED_ROW: readonly PlacedField[] = place(FIGURES, 8);

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

/**
 * By which a reader knows a layout: it understands its own and no other. It follows from the tables, so that no change of one
 * can be forgotten.
 */
export const FORMAT: number = formatOf([...PLACED_HEADER, ...PLACED_ROW], [ROW_SIZE, ...Object.values(PAIRS)]);

/** FNV-1a over the fields and the other numbers of a layout. */
export function formatOf(fields: readonly PlacedField[], rest: readonly number[]): number {
  const places = fields.map(({ name, type, offset, count = 1 }) => `${name} ${type} ${offset} ${count}`);
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from([...places, ...rest].join('\n'))) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Where in a row a field is. */
export function fieldOffset(name: keyof Row): number {
  return PLACED_ROW.find((field) => field.name === name)!.offset;
}

/** Where row `row` starts in the file. */
export function rowOffset(row: number): number {
  return ROW_SIZE * (1 + row);
}
