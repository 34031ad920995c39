import assert from 'node:assert/strict';
import type { LoadReport } from 'prefork/testing';
import { openState } from '../../src/state.ts';
import { holders } from '../soak/redis/checks.ts';
import type { Act, Cost } from './acts.ts';
import { balancers, type Balancer } from './lab/balancers.ts';
import { monotonic, type Lab } from './lab/lab.ts';
import { formatReports, Traffic } from './lab/traffic.ts';

/** The lease of the leader, in the application. */
const LEASE_MS = 1000;

/** What the clients saw. */
export interface Seen {
  readonly answered: number;
  readonly lost: number;
  readonly orders: Traffic['orders'];
  readonly leads: string;
}

/**
 * Lets something happen to a lab under load, and checks all that is promised: what was lost, that acknowledged orders
 * are counted once, and that there was one leader at a time.
 */
export async function checked(lab: Lab, act: Act): Promise<Seen> {
  const since = monotonic();
  const before = await ordersIn(lab);
  const complained = complaints(lab);
  await using traffic = new Traffic(lab);
  await traffic.everyClientAnswered();
  const cost = (await act.happen(lab, traffic)) ?? {};
  for (const application of lab.applications) await lab.isUp(application);
  await traffic.everyClientAnswered();
  const reports = await traffic.stop();
  checkLosses(lab, reports, cost, complained);
  if (act.goesAway === undefined) {
    assert.deepEqual(Object.values(failedRequests(lab, complained)).flat(), [], 'no balancer had to try again');
  }
  checkOrders(traffic.orders, before, await ordersIn(lab), cost);
  const all = [...reports.values()];
  const sum = (count: (report: LoadReport) => number): number => all.reduce((total, one) => total + count(one), 0);
  return {
    answered: sum(({ answered }) => answered),
    lost: sum(({ lost }) => lost),
    orders: traffic.orders,
    leads: checkLeads(lab, since, cost),
  };
}

function checkLosses(lab: Lab, reports: ReadonlyMap<string, LoadReport>, { died }: Cost, before: Complaints): void {
  for (const [name, report] of reports) {
    if (report.lost === 0) continue;
    if (died === undefined) assert.fail(`something was lost: ${formatReports(reports)}`);
    const other = report.losses.filter((loss) => loss.cause !== 'status' && !isLeftToClient(name, loss));
    assert.deepEqual(other, [], `the balancers answered for the host that died: ${name}: ${formatReports(reports)}`);
  }
  if (died === undefined) return;
  const { address } = died;
  const failed = failedRequests(lab, before);
  const others = [
    ...failed.haproxy.filter((line) => !line.includes(` shop/${died.host.name} `)),
    ...failed.nginx.filter((line) => !line.includes(`//${address}:`)),
  ];
  assert.deepEqual(others, [], 'only the host that died has lost something');
}

/**
 * Tells whether HAProxy has left it to the client to try again. Where a server resets a connection, HAProxy answers 502 to the first
 * request of a client's connection. At a later request it closes that connection without a word, and without a line in its log
 * (`abort_keep_alive` in its http_ana.c).
 */
function isLeftToClient(name: string, { cause, connection }: LoadReport['losses'][number]): boolean {
  return name.startsWith('haproxy') && cause === 'closed' && connection !== undefined && connection.requests > 1;
}

/** Returns what the balancers say about requests that failed at a host, also where another host then answered. */
function failedRequests(lab: Lab, before: Complaints): Record<Balancer, string[]> {
  return {
    haproxy: since(lab, before, 'haproxy').filter((line) => / 50\d .*HTTP\/1\.1"/.test(line)),
    nginx: since(lab, before, 'nginx').filter((line) => line.includes('upstream: "')),
  };
}

/** Acknowledged orders are counted, and no order is counted twice. */
function checkOrders(orders: Traffic['orders'], before: number, after: number, { kept }: Cost): void {
  const { acknowledged, uncertain } = orders;
  const what = `${JSON.stringify({ before, after, kept })} ${JSON.stringify(orders)}`;
  const counted = kept === 0 ? after : after - before;
  assert.ok(counted >= (kept ?? acknowledged), `an acknowledged order is not counted: ${what}`);
  assert.ok(counted <= acknowledged + uncertain, `an order is counted twice, or that was refused: ${what}`);
}

/**
 * Nothing can tell a leader that Redis has forgotten its lease, before it renews that, which is within its time. What such a
 * leader writes carries the smaller token.
 */
function checkLeads(lab: Lab, since: number, { kept }: Cost): string {
  const leads = lab.leads().filter(({ until }) => until >= since);
  return holders(leads, kept === undefined ? 0 : LEASE_MS);
}

async function ordersIn(lab: Lab): Promise<number> {
  const state = await openState(lab.sentinel.url, { timeout: '30s' });
  try {
    return await state.counter('orders').get();
  } finally {
    await state.close();
  }
}

type Complaints = Readonly<Record<Balancer, number>>;

/** Returns how much the balancers have complained so far. */
function complaints(lab: Lab): Complaints {
  const names = Object.keys(balancers) as Balancer[];
  return Object.fromEntries(names.map((name) => [name, lab.complaints(name).length])) as Record<Balancer, number>;
}

function since(lab: Lab, before: Complaints, balancer: Balancer): string[] {
  return lab.complaints(balancer).slice(before[balancer]).split('\n');
}
