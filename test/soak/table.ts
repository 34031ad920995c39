import { lossCauses, type LoadReport, type LossCause } from 'prefork/testing';

export interface Row {
  readonly scenario: string;
  readonly protocol: string;
  readonly events: number;
  readonly report: LoadReport;
}

const causes = Object.keys(lossCauses) as LossCause[];

const head = ['scenario', 'protocol', 'events', 'answered', 'req/s', 'lost'].concat(causes, [
  'sent again',
  'closed idle',
  'p99 ms',
  'silence ms',
]);

/** Prints the head of a table in GitHub's format. */
export function printHead(): void {
  print(head);
  print(head.map(() => '---'));
}

export function printRow({ scenario, protocol, events, report }: Row): void {
  const { answered, duration, lost, lostBy, retried, connections, latency, longestSilence } = report;
  const rate = Math.round((answered / duration) * 1000);
  const times = [latency.p99, longestSilence].map(Math.round);
  const byCause = causes.map((cause) => lostBy[cause]);
  print([scenario, protocol, events, answered, rate, lost, ...byCause, retried, connections.closedIdle, ...times]);
}

function print(cells: ReadonlyArray<string | number>): void {
  console.log(`| ${cells.join(' | ')} |`);
}
