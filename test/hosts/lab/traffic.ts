import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { formatReport, isEcho, startLoad, type Load, type LoadReport, type LoadRequest } from 'prefork/testing';
import { balancers, type Balancer } from './balancers.ts';
import type { Lab } from './lab.ts';

/** Clients of each kind at each balancer. They rest between requests, because the machine has to run seven hosts. */
const CLIENTS = 4;
const PAUSE_MS = 15;
const BODY_BYTES = 4096;

/** The orders of clients. Each is another addition to the counter that all hosts share. */
export interface Orders {
  /** Those that were answered: they are in the counter. */
  acknowledged: number;
  /** Those that may be there. */
  uncertain: number;
  /** Those that are certainly not. */
  refused: number;
}

/** The clients of a lab: at each balancer some that look and post, and some that order. The object owns the clients. */
export class Traffic implements AsyncDisposable {
  readonly orders: Orders = { acknowledged: 0, uncertain: 0, refused: 0 };
  readonly #loads: ReadonlyMap<string, Load>;

  constructor(lab: Lab) {
    const names = Object.keys(balancers) as Balancer[];
    const start = (balancer: Balancer, requests: readonly LoadRequest[]): Load =>
      startLoad(lab.target(balancer), { clients: CLIENTS, pause: PAUSE_MS, timeout: '30s', requests });
    this.#loads = new Map(
      names.flatMap((name) => [
        [`${name}, pages`, start(name, pages)] as const,
        [`${name}, orders`, start(name, [this.#order])] as const,
      ]),
    );
  }

  /** Waits until each client was answered from now on. */
  async everyClientAnswered(): Promise<void> {
    await Promise.all([...this.#loads.values()].map((load) => load.everyClientAnswered()));
  }

  /** Ends the traffic, and returns a report for each kind of client. */
  async stop(): Promise<ReadonlyMap<string, LoadReport>> {
    const reports = new Map<string, LoadReport>();
    for (const [name, load] of this.#loads) reports.set(name, await load.stop());
    // An order that was lost may have been counted.
    for (const [name, { lost }] of reports) if (name.endsWith('orders')) this.orders.uncertain += lost;
    return reports;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  readonly #order: LoadRequest = {
    method: 'POST',
    path: '/orders',
    // Each request reads this property, and each order is another one.
    get body() {
      return randomUUID();
    },
    check: ({ status, body }) => {
      const text = body.toString();
      if (status === 200) this.orders.acknowledged++;
      else if (status === 202 && text === 'uncertain') this.orders.uncertain++;
      else if (status === 202 && text === 'refused') this.orders.refused++;
      else assert.fail(`${status}: ${text.slice(0, 60)}`);
    },
  };
}

const pages: readonly LoadRequest[] = [
  { status: 200 },
  { method: 'POST', path: '/echo', body: BODY_BYTES, status: 200, check: isEcho },
];

export function formatReports(reports: ReadonlyMap<string, LoadReport>): string {
  return [...reports]
    .map(([name, report]) => [`${name}: ${formatReport(report)}`, ...report.losses.map((loss) => JSON.stringify(loss))])
    .flat()
    .join('\n');
}
