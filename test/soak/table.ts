import { lossCauses, type LoadReport, type LossCause } from 'prefork/testing';

export interface Row {
  readonly scenario: string;
  readonly protocol: string;
  readonly events: number;
  readonly report: LoadReport;
}

/** One line a row, as GitHub's tables are written. */
export function printTable(rows: readonly Row[]): void {
  const causes = Object.keys(lossCauses) as LossCause[];
  const head = [
    'scenario',
    'protocol',
    'events',
    'answered',
    'req/s',
    'lost',
    ...causes,
    'sent again',
    'p99 ms',
    'silence ms',
  ];
  const lines = rows.map(({ scenario, protocol, events, report }) => [
    scenario,
    protocol,
    events,
    report.answered,
    Math.round((report.answered / report.duration) * 1000),
    report.lost,
    ...causes.map((cause) => report.lostBy[cause]),
    report.retried,
    Math.round(report.latency.p99),
    Math.round(report.longestSilence),
  ]);
  for (const cells of [head, head.map(() => '---'), ...lines]) console.log(`| ${cells.join(' | ')} |`);
}
