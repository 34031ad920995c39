/**
 * What a viewer is sent, and how it becomes a status again. A status of 32 workers is 20 KB; what changes from second to
 * second is a tenth of that, and goes without the names of its fields. Pure, and used by both sides.
 */
import { VITALS, type VitalName, type Vitals } from '../contract/vitals.ts';
import type { SlotStatus, Status, WorkerStatus } from '../control/controls.ts';

/** Its status but for what `Standing` and `Figures` have: sent again when anything of it has changed. */
export type ServerPart = Omit<Status, 'slots' | 'spares' | 'leaving' | 'uptime' | 'balance'>;

/** What slots have been through: likewise. */
export type SlotPart = Pick<SlotStatus, 'slot' | 'state' | 'crashes' | 'lastExit'>;

/** Sent every second. */
export interface Figures {
  /** Monotonic time of the primary, ms: rates are counted by it, however long the way here took. */
  readonly at: number;
  readonly uptime: number;
  /** How long requests of the last second took, ms; null when there was none. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly balance: Status['balance'];
  readonly workers: readonly WorkerFigures[];
}

/** The worker of a slot; the one that is to take it over; one without a slot; one that finishes and leaves. */
export type Role = 'slot' | 'new' | 'spare' | 'old';

/** And the vitals, in the order of `NUMBERS`, or none. Zeros at the end are left out. */
export type WorkerFigures = readonly [
  role: Role,
  slot: number | null,
  pid: number | null,
  generation: number,
  state: WorkerStatus['state'],
  uptime: number,
  ...vitals: readonly number[],
];

/** Of a tuple, before the vitals. */
const NAMES = 6;

/** Those that are one number, in the order of the table: the page has no use for the others. */
const NUMBERS = VITALS.filter(({ figure }) => figure.count === undefined).map(({ name }) => name as NumberName);

type NumberName = Exclude<VitalName, 'durations'>;

/** What is known of a server, as it is sent. */
export interface Parts {
  readonly server: ServerPart;
  readonly slots: readonly SlotPart[];
  readonly figures: Figures;
}

export function partsOf(status: Status, at: number, { p50, p99 }: Pick<Figures, 'p50' | 'p99'>): Parts {
  const { slots, spares, leaving, uptime, balance, ...server } = status;
  const workers = [
    ...slots.flatMap(({ worker, successor }) => [
      ...(worker === null ? [] : [figuresOf('slot', worker)]),
      ...(successor === null ? [] : [figuresOf('new', successor)]),
    ]),
    ...spares.map((worker) => figuresOf('spare', worker)),
    ...leaving.map((worker) => figuresOf('old', worker)),
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

/** Nobody sees more digits. */
function short(figure: number): number {
  return Math.round(figure * 1000) / 1000;
}
