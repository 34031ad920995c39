/** The model of a server whose clients ask again as soon as they are answered: what any balance can win where all workers are busy. */
const WORKERS = 4;
const CORES = 2;
const CONNECTIONS = 16;
/** The time of a request on a core of its own, ms; in the second part one client in eight asks for ten times that. */
const COST_MS = 2;
const TENFOLD_OF = 8;

type Placement = readonly (readonly number[])[];

/**
 * Computes the slowest answers in three ways to place the connections: by chance, as the kernel does; equally many in each worker; and in the
 * best of all ways. A client waits for a round of its worker, which does the requests of all its connections, at half the speed while the
 * other worker of the core is busy too.
 */
export function bound(samples: number): void {
  for (const isUnequal of [false, true]) {
    const costs = Array.from(
      { length: CONNECTIONS },
      (_, nth) => (isUnequal && nth % TENFOLD_OF === 0 ? 10 : 1) * COST_MS,
    );
    const kernel = medianOf(samples, () => place(costs, () => Math.floor(Math.random() * WORKERS)));
    const even = medianOf(samples, () => place(shuffled(costs), (nth) => nth % WORKERS));
    const best = leastOf(costs);
    const ratio = (time: number): string => `${time} ms, ${(time / kernel).toFixed(2)} of that`;
    console.log(
      `p99${isUnequal ? ', one in eight ten times that' : ''}: by chance ${kernel} ms, median; even ${ratio(even)}; at best ${ratio(best)}`,
    );
  }
}

function place(costs: readonly number[], worker: (nth: number) => number): number[][] {
  const placement = Array.from({ length: WORKERS }, (): number[] => []);
  for (const [nth, cost] of costs.entries()) placement[worker(nth)]!.push(cost);
  return placement;
}

/** Returns the p99 of all answers in ms. A worker gives as many answers in a round as it has connections. */
function slowest(placement: Placement): number {
  const rounds = placement.flatMap((costs, worker) => {
    if (costs.length === 0) return [];
    const busy = placement.filter((other, nth) => nth % CORES === worker % CORES && other.length > 0).length;
    const took = busy * costs.reduce((sum, cost) => sum + cost, 0);
    return [{ took, rate: costs.length / took }];
  });
  const all = rounds.reduce((sum, { rate }) => sum + rate, 0);
  let slower = 0;
  for (const { took, rate } of rounds.toSorted((one, other) => other.took - one.took)) {
    slower += rate;
    if (slower > all / 100) return took;
  }
  return 0;
}

function medianOf(samples: number, placement: () => Placement): number {
  const times = Array.from({ length: samples }, () => slowest(placement()));
  return times.toSorted((one, other) => one - other)[samples >> 1]!;
}

/** Tries each number of connections of each cost in each worker. */
function leastOf(costs: readonly number[]): number {
  const kinds = [...new Set(costs)].map((cost) => ({ cost, count: costs.filter((one) => one === cost).length }));
  let placements: Placement[] = [Array.from({ length: WORKERS }, (): number[] => [])];
  for (const { cost, count } of kinds) {
    placements = placements.flatMap((before) =>
      partsOf(count, WORKERS).map((parts) =>
        parts.map((part, worker) => [...before[worker]!, ...Array<number>(part).fill(cost)]),
      ),
    );
  }
  return Math.min(...placements.map(slowest));
}

function partsOf(count: number, parts: number): number[][] {
  if (parts === 1) return [[count]];
  return Array.from({ length: count + 1 }, (_, first) =>
    partsOf(count - first, parts - 1).map((rest) => [first, ...rest]),
  ).flat();
}

function shuffled(costs: readonly number[]): number[] {
  return costs
    .map((cost) => ({ cost, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ cost }) => cost);
}
