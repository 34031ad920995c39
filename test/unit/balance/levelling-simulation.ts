/**
 * Simulates workers that level by the policy of src/balance, without processes. At each beat they tell what they have, now
 * and then too late, and decide a moment later by what the others told. Moves take as long as between real workers, and
 * no more than `MOST_ON_THE_WAY` are on the way at once. A run can be repeated by its seed.
 */
import { TOLD_AFTER_MS, transfersFrom } from '../../../src/balance/levelling.ts';
import { BEAT_MS } from '../../../src/contract/limits.ts';
import { Random } from '../../support/random.ts';
import { Agenda } from './agenda.ts';

export interface LevelOptions {
  readonly seed: number;
  readonly workers: number;
  readonly connections: number;
  /** Between two connections, ms. @default 0, all at once */
  readonly gap?: number;
  /** When half of the connections of worker 0 end, ms. @default never */
  readonly halved?: number;
  /** How many connections each worker has beside these that cannot move, from the beginning. @default none */
  readonly fixed?: readonly number[];
  /** Whether workers are now and then busy, and late. @default false */
  readonly isBusy?: boolean;
  /** When it ends, ms. */
  readonly until: number;
}

export interface Levelled {
  /** The connections that can move. */
  readonly loads: readonly number[];
  /** How many of these each worker accepted. */
  readonly accepted: readonly number[];
  readonly moves: number;
  /** So many would have been enough, had all come at once. */
  readonly fewest: number;
}

const MOST_ON_THE_WAY = 8;
/** A worker tells and decides so late, ms; and one time in so many it is busy, and later. */
const LATE = 5;
const BUSY_EVERY = 20;
const BUSY = 200;
const TRANSIT: readonly [number, number] = [0.2, 3];

interface Worker {
  open: number;
  readonly fixed: number;
  /** What the others see. */
  told: number;
  toldAt: number;
  /** The connections that were sent and have not arrived, by slot. */
  readonly coming: number[];
  onTheWay: number;
  plan: Array<{ to: number; left: number }>;
}

export function levelOut({
  seed,
  workers,
  connections,
  gap = 0,
  halved,
  fixed = [],
  isBusy = false,
  until,
}: LevelOptions): Levelled {
  const random = new Random(seed);
  const agenda = new Agenda();
  let moves = 0;
  let isOver = false;
  const all = Array.from({ length: workers }, (_, slot): Worker => ({
    open: 0,
    fixed: fixed[slot] ?? 0,
    told: 0,
    toldAt: 0,
    coming: Array.from({ length: workers }, () => 0),
    onTheWay: 0,
    plan: [],
  }));
  const accepted = all.map(() => 0);

  const loadOf = (slot: number): number =>
    all[slot]!.told + all[slot]!.fixed + all.reduce((sum, { coming }) => sum + coming[slot]!, 0);
  const pump = (own: number): void => {
    const worker = all[own]!;
    while (worker.onTheWay < MOST_ON_THE_WAY) {
      const part = worker.plan.find(({ left }) => left > 0);
      if (part === undefined || worker.open === 0) return;
      part.left--;
      moves++;
      worker.open--;
      worker.told = worker.open;
      worker.onTheWay++;
      worker.coming[part.to]!++;
      const [least, most] = TRANSIT;
      agenda.after(least + random.next() * (most - least), () => {
        const receiver = all[part.to]!;
        receiver.open++;
        receiver.told = receiver.open;
        worker.coming[part.to]!--;
        worker.onTheWay--;
        pump(own);
      });
    }
  };
  const decide = (own: number, beat: number): void => {
    const slots = all.map(({ toldAt }, slot) => ({ slot, load: loadOf(slot), isFresh: toldAt >= beat }));
    all[own]!.plan = transfersFrom(own, slots, () => all[own]!.fixed).map(({ to, count }) => ({ to, left: count }));
    pump(own);
  };
  const late = (): number => {
    const isLate = isBusy && random.between(1, BUSY_EVERY) === 1;
    return random.next() * LATE + (isLate ? random.next() * BUSY : 0);
  };
  const beatAt = (own: number, beat: number): void => {
    if (isOver) return;
    const worker = all[own]!;
    worker.plan = [];
    agenda.at(beat + late(), () => {
      worker.told = worker.open;
      worker.toldAt = agenda.now;
      agenda.after(TOLD_AFTER_MS + random.next() * LATE, () => decide(own, beat));
    });
    agenda.at(beat + BEAT_MS, () => beatAt(own, beat + BEAT_MS));
  };

  for (let nth = 0; nth < connections; nth++) {
    agenda.after(nth * gap, () => {
      const slot = random.between(0, workers - 1);
      all[slot]!.open++;
      accepted[slot]!++;
    });
  }
  const first = random.next() * BEAT_MS;
  for (const own of all.keys()) agenda.at(first, () => beatAt(own, first));
  if (halved !== undefined) agenda.after(halved, () => void (all[0]!.open >>= 1));
  agenda.after(until, () => void (isOver = true));
  while (agenda.isBusy) agenda.next();
  const ceiling = Math.ceil(connections / workers);
  const fewest = accepted.reduce((sum, count) => sum + Math.max(0, count - ceiling), 0);
  return { loads: all.map(({ open }) => open), accepted, moves, fewest };
}
