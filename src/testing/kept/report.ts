import { actionAt, type Action } from '../app/actions.ts';
import type { OutputLine } from '../app/log.ts';
import { lossCauses } from '../load/loss.ts';
import { formatTimeline } from '../load/text.ts';
import type { ClosedBy, KeptClient } from './kept-client.ts';

/** A connection that did not stay. Times of the day are ms since the epoch. */
export interface ClosedConnection {
  /** Which one, from 1. Those with even numbers rested most of the time. */
  readonly connection: number;
  readonly cause: ClosedBy;
  /** What the system, node or the check said. */
  readonly detail: string;
  readonly at: number;
  /** What was going on then, or was done last: `during reload no. 2`, `0.3 s after scale 1`. */
  readonly action: string;
  /** How long it was open, ms. */
  readonly age: number;
  /** Requests that were sent on it. */
  readonly requests: number;
  /** The client's port; undefined for a Unix socket, and for a connection that was never established. */
  readonly localPort: number | undefined;
}

export interface ConnectionsReport {
  /** How many there were. */
  readonly connections: number;
  readonly answered: number;
  /** The closed ones, in the order of time. */
  readonly closed: readonly ClosedConnection[];
}

const MOST_TOLD = 20;

const causes: Readonly<Record<ClosedBy, string>> = {
  ...lossCauses,
  told: 'the server announced that it closes it',
  idle: 'closed while no request was on it',
};

export function reportOf(clients: readonly KeptClient[], actions: readonly Action[]): ConnectionsReport {
  const closed = clients.flatMap(({ ending }, index): ClosedConnection[] => {
    if (ending === undefined) return [];
    const { cause, detail, at, history } = ending;
    return [{ connection: index + 1, cause, detail, at, action: actionAt(actions, at), ...history }];
  });
  return {
    connections: clients.length,
    answered: clients.reduce((sum, { answered }) => sum + answered, 0),
    closed: closed.toSorted((one, other) => one.at - other.at),
  };
}

/** The report for people, with what the server wrote at the time. */
export function formatConnections(
  { connections, answered, closed }: ConnectionsReport,
  output: readonly OutputLine[],
): string {
  const lines = [
    `${closed.length} of ${connections} connections were closed; ${answered} requests were answered`,
    ...[...countsByAction(closed)].map(([action, count]) => `  ${action}: ${count}`),
  ];
  const told = closed.slice(0, MOST_TOLD);
  const title = told.length < closed.length ? `the first ${told.length} of them` : 'they';
  const entries = told.map((one) => ({ at: one.at, text: `CLOSED ${textOf(one)}` }));
  return [...lines, `${title}, between what the server wrote then:`, ...formatTimeline(entries, output)].join('\n');
}

function countsByAction(closed: readonly ClosedConnection[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { action } of closed) {
    const name = action.replace(/^.* s after/, 'after');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** `no. 4, during reload: told (the server announced that it closes it); port 4711, 120 ms old, 7 requests; an answer said ...` */
function textOf({ connection, action, cause, localPort, age, requests, detail }: ClosedConnection): string {
  const port = localPort === undefined ? [] : [`port ${localPort}`];
  const past = [...port, `${Math.round(age)} ms old`, `${requests} requests`].join(', ');
  return `no. ${connection}, ${action}: ${cause} (${causes[cause]}); ${past}; ${detail}`;
}
