/**
 * Splits a status into parts for viewers and rebuilds it. The status of 32 workers takes 20 KB. The part that changes
 * every second is a tenth of that and goes without the names of its fields. This module is pure, and both sides use it.
 */
import { VITALS, type VitalName, type Vitals } from '../contract/vitals.ts';
import type { SlotStatus, Status, WorkerStatus } from '../control/controls.ts';

/** The status without its slots and figures. The part is sent again when anything in it has changed. */
export type ServerPart = Omit<Status, 'slots' | 'spares' | 'leaving' | 'parked' | 'uptime' | 'balance'>;

/** The history of a slot. The part is sent again when anything in it has changed. */
export type SlotPart = Pick<SlotStatus, 'slot' | 'state' | 'crashes' | 'lastExit'>;

/** The figures, which are sent every second. */
export interface Figures {
  /** The monotonic time of the primary in ms. Rates are computed from it, however long the message was on its way. */
  readonly at: number;
  readonly uptime: number;
  /** The latency of the requests of the last second in ms; null when there were none. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly balance: Status['balance'];
  readonly workers: readonly WorkerFigures[];
}

/** The role of a worker: it has a slot, will take one over, has none yet, finishes and leaves, or is parked. */
export type Role = 'slot' | 'new' | 'spare' | 'old' | 'parked';

/** The figures of a worker, with the vitals in the order of `NUMBERS` but for zeros at the end, or without any. */
export type WorkerFigures = readonly [
  role: Role,
  slot: number | null,
  pid: number | null,
  generation: number,
  state: WorkerStatus['state'],
  uptime: number,
  ...vitals: readonly number[],
];

/** The number of elements before the vitals. */
const NAMES = 6;

/** The vitals that are a single number, in the order of the table. The page does not use the others. */
export const NUMBERS: readonly NumberName[] = VITALS.filter(({ figure }) => figure.count === undefined).map(
  ({ name }) => name as NumberName,
);

type NumberName = Exclude<VitalName, 'durations'>;

/** A status in parts. */
export interface Parts {
  readonly server: ServerPart;
  readonly slots: readonly SlotPart[];
  readonly figures: Figures;
}

export function partsOf(status: Status, at: number, { p50, p99 }: Pick<Figures, 'p50' | 'p99'>): Parts {
  const { slots, spares, leaving, parked, uptime, balance, ...server } = status;
  const workers = [
    ...slots.flatMap(({ worker, successor }) => [
      ...(worker === null ? [] : [figuresOf('slot', worker)]),
      ...(successor === null ? [] : [figuresOf('new', successor)]),
    ]),
    ...spares.map((worker) => figuresOf('spare', worker)),
    ...leaving.map((worker) => figuresOf('old', worker)),
    ...parked.map((worker) => figuresOf('parked', worker)),
  ];
  return {
    server,
    slots: slots.map(({ slot, state, crashes, lastExit }) => ({ slot, state, crashes, lastExit })),
    figures: { at: Math.round(at), uptime, p50, p99, balance, workers },
  };
}

export function statusFrom({ server, slots, figures }: Parts): Status {
  const { uptime, balance } = figures;
  const workers = figures.workers.map((tuple) => ({ role: tuple[0], worker: workerFrom(tuple) }));
  const inRole = (wanted: Role): WorkerStatus[] =>
    workers.flatMap(({ role, worker }) => (role === wanted ? worker : []));
  const ofSlot = (slot: number, wanted: Role): WorkerStatus | null =>
    inRole(wanted).find((worker) => worker.slot === slot) ?? null;
  return {
    ...server,
    uptime,
    balance,
    slots: slots.map((slot) => ({
      ...slot,
      worker: ofSlot(slot.slot, 'slot'),
      successor: ofSlot(slot.slot, 'new'),
    })),
    spares: inRole('spare'),
    leaving: inRole('old'),
    parked: inRole('parked'),
  };
}

function figuresOf(role: Role, worker: WorkerStatus): WorkerFigures {
  const { pid, slot, generation, state, uptime, vitals } = worker;
  return [
    role,
    slot,
    pid,
    generation,
    state,
    uptime,
    ...(vitals === null ? [] : withoutLastZeros(NUMBERS.map((name) => short(vitals[name])))),
  ];
}

function workerFrom(tuple: WorkerFigures): WorkerStatus {
  const [, slot, pid, generation, state, uptime] = tuple;
  const figures = tuple.slice(NAMES) as number[];
  const numbers = Object.fromEntries(NUMBERS.map((name, at) => [name, figures[at] ?? 0]));
  const vitals = { ...numbers, durations: [] } as unknown as Vitals;
  return { slot, pid, generation, state, uptime, vitals: figures.length === 0 ? null : vitals };
}

/** What has not happened comes last in the table: a worker of which no connection has moved need not say so. The first stays. */
function withoutLastZeros(figures: readonly number[]): number[] {
  return figures.slice(0, Math.max(1, figures.findLastIndex((figure) => figure !== 0) + 1));
}

/** Rounds a figure, because viewers do not see more digits. */
function short(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}
