/** The policies that the simulation compares: prefork's own, and what others do. */
import { decideWorkers, NO_MEMORY, RULES, type Rules } from '../../../src/primary/fleet/autoscale/policy.ts';
import type { Disturbance } from '../../../src/contract/autoscaling.ts';
import type { Scaler, Seen } from './simulation.ts';

/** prefork's policy. Rules that differ show what each of them is for. */
export function prefork(rules: Rules = RULES): Scaler['make'] {
  return ({ cores, least, most }) => {
    let memory = NO_MEMORY;
    let disturbed: { by: Disturbance; at: number } | undefined;
    return ({ at: second, workers, booting, isReloading, cpu }) => {
      const at = second * 1000;
      const by: Disturbance | undefined = isReloading ? 'reload' : booting > 0 ? 'boot' : undefined;
      if (by !== undefined) disturbed = { by, at };
      const verdict = decideWorkers(
        memory,
        {
          at,
          workers: workers.length + (isReloading ? 0 : booting),
          loops: workers.map(({ age, utilization, late }) => ({ since: at - age * 1000, utilization, late })),
          disturbed,
          isThrottled: false,
          cpu,
          limits: { least, most, memory: Infinity, cores },
        },
        rules,
      );
      memory = verdict.memory;
      return verdict.workers;
    };
  };
}

export const scalers: Readonly<Record<string, Scaler>> = {
  'static = cores': {
    make:
      ({ cores }) =>
      () =>
        cores,
  },
  /** @platformatic/runtime: up by one above 0.8 over 10 s, down by one below 0.2 over 60 s, a minute between two changes. */
  'Watt 0.8 / 0.2': {
    make: () => {
      const byWorker = new Map<number, History>();
      let last = -Infinity;
      return (seen) => {
        const grown = seen.workers.filter(({ age }) => age > 30);
        for (const { id, utilization } of grown) historyOf(byWorker, id).add(seen.at, utilization);
        if (seen.at - last < 60 || seen.booting > 0 || grown.length === 0) return stay(seen);
        const over = (seconds: number): number =>
          mean(grown.map(({ id }) => historyOf(byWorker, id).mean(seen.at, seconds)));
        const change = over(10) > 0.8 ? 1 : over(60) < 0.2 ? -1 : 0;
        if (change !== 0) last = seen.at;
        return seen.workers.length + change;
      };
    },
  },
  /** The Kubernetes HorizontalPodAutoscaler at 60 %, with its defaults: every 15 s, 10 % tolerance, down by the largest wish of 5 minutes. */
  'HPA 60 %': {
    make: () => {
      const busy = new History();
      const wishes = new History();
      let due = 0;
      return (seen) => {
        busy.add(seen.at, utilizationOf(seen));
        if (seen.at < due) return stay(seen);
        due = seen.at + 15;
        const now = stay(seen);
        const ratio = busy.mean(seen.at, 15) / 0.6;
        const wish = Math.abs(ratio - 1) <= 0.1 ? now : Math.min(Math.ceil(now * ratio), Math.max(now * 2, now + 4));
        wishes.add(seen.at, wish);
        return wish < now ? Math.min(now, wishes.most(seen.at, 300)) : wish;
      };
    },
  },
  /** Plain thresholds: up by one above 0.8 over 5 s, down by one below 0.3. */
  'thresholds 0.8 / 0.3': {
    make: () => {
      const busy = new History();
      return (seen) => {
        busy.add(seen.at, utilizationOf(seen));
        if (seen.booting > 0 || seen.at < 5) return stay(seen);
        const over = busy.mean(seen.at, 5);
        return stay(seen) + (over > 0.8 ? 1 : over < 0.3 ? -1 : 0);
      };
    },
  },
  /** A first policy: 5 s, hot for 3 s, half as many more when saturated, down one by one. */
  'first rule': {
    make: ({ cores }) => {
      const busy = new History();
      const demands = new History();
      let quietUntil = 0;
      let hotSince: number | undefined;
      let downAt = -Infinity;
      return (seen) => {
        const grown = seen.workers.filter(({ age }) => age > 10);
        const now = stay(seen);
        if (grown.length === 0 || seen.booting > 0 || seen.isReloading) {
          quietUntil = seen.at + 10;
          hotSince = undefined;
          return now;
        }
        busy.add(seen.at, mean(grown.map(({ utilization }) => utilization)) * now);
        if (seen.at < quietUntil) return now;
        const demand = busy.mean(seen.at, 5);
        const over = demand / now;
        demands.add(seen.at, demand);
        hotSince = over > 0.75 ? (hotSince ?? seen.at) : undefined;
        if (hotSince !== undefined && seen.at - hotSince >= 3) {
          hotSince = undefined;
          const wanted = over > 0.95 ? Math.max(Math.ceil(now * 1.5), now + 1) : Math.ceil(demand / 0.65);
          return Math.max(now, Math.min(wanted, cores));
        }
        const target = Math.ceil(demands.most(seen.at, 300) / 0.7);
        if (target < now && seen.at > 120 && seen.at - downAt >= 30 && demand / (now - 1) < 0.6) {
          downAt = seen.at;
          return now - 1;
        }
        return now;
      };
    },
  },
  prefork: { make: prefork(), parks: 60 },
};

function stay({ workers, booting, isReloading }: Seen): number {
  return workers.length + (isReloading ? 0 : booting);
}

function utilizationOf({ workers }: Seen): number {
  return mean(workers.map(({ utilization }) => utilization));
}

function historyOf(histories: Map<number, History>, id: number): History {
  const history = histories.get(id) ?? new History();
  histories.set(id, history);
  return history;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Values over the last ten minutes, in steps of a second. */
class History {
  readonly #seconds: Array<{ at: number; sum: number; count: number; most: number }> = [];

  add(at: number, value: number): void {
    const second = Math.floor(at);
    const last = this.#seconds.at(-1);
    if (last?.at === second) {
      last.sum += value;
      last.count++;
      last.most = Math.max(last.most, value);
    } else {
      this.#seconds.push({ at: second, sum: value, count: 1, most: value });
      if (this.#seconds.length > 600) this.#seconds.shift();
    }
  }

  mean(at: number, over: number): number {
    const within = this.#within(at, over);
    return (
      within.reduce((sum, one) => sum + one.sum, 0) /
      Math.max(
        1,
        within.reduce((sum, one) => sum + one.count, 0),
      )
    );
  }

  most(at: number, over: number): number {
    return Math.max(...this.#within(at, over).map((one) => one.most));
  }

  #within(at: number, over: number): Array<{ at: number; sum: number; count: number; most: number }> {
    const from = this.#seconds.findIndex((one) => one.at > at - over);
    return from === -1 ? [] : this.#seconds.slice(from);
  }
}
