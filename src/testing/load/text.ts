/** Formats a report for people. */
import type { OutputLine } from '../app/log.ts';
import { lossCauses, type LossCause } from './loss.ts';
import type { LoadReport, Loss } from './recorder.ts';
import type { Counts } from './tally.ts';

/** Log lines are shown from this long before the first loss until this long after the last one. */
const AROUND_MS = 1000;
/** The number of log lines that are shown. */
const MOST_LINES = 60;

/**
 * Formats the report as a text of several lines.
 *
 * @example console.log(formatReport(await load.stop()));
 */
export function formatReport(report: LoadReport): string {
  const { clients, duration, connections, retried, kinds } = report;
  return [
    `${report.answered} answered and ${report.lost} lost in ${seconds(duration)} by ${clients} clients`,
    `${connections.opened} connections, of which ${connections.closedIdle} were closed while idle` +
      (retried === 0 ? '' : `; ${retried} requests were refused unprocessed and sent again`),
    `longest silence ${ms(report.longestSilence)}`,
    ...Object.entries(kinds).map(([kind, counts]) => `  ${kind}: ${countsText(counts)}`),
  ].join('\n');
}

/** Formats the losses in the order of time, between the lines that the server wrote then. */
export function formatLosses({ lost, losses }: LoadReport, output: readonly OutputLine[]): string {
  if (losses.length === 0) return '';
  const entries = losses.map((loss) => ({ at: loss.at, text: `LOST ${lossText(loss)}` }));
  const title = losses.length < lost ? `the first ${losses.length} of ${lost} losses` : 'the losses';
  return [`${title}, between what the server wrote then:`, ...formatTimeline(entries, output)].join('\n');
}

export interface Entry {
  /** The time in ms since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** Lines of what happened, in the order of time, and of what the server wrote then. @param entries not empty, in that order too */
export function formatTimeline(entries: readonly Entry[], output: readonly OutputLine[]): string[] {
  const [from, to] = [entries[0]!.at - AROUND_MS, entries.at(-1)!.at + AROUND_MS];
  const lines = output.filter(({ at }) => at >= from && at <= to).slice(0, MOST_LINES);
  return [...lines, ...entries].toSorted((a, b) => a.at - b.at).map(({ at, text }) => `  ${clock(at)} ${text}`);
}

function countsText({ answered, lost, lostBy, latency, longestSilence }: Counts): string {
  const times = `p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, max ${ms(latency.max)}, silence ${ms(longestSilence)}`;
  const causes = Object.entries(lostBy).filter(([, count]) => count > 0);
  const byCause = causes.map(([cause, count]) => `${count} ${cause} (${lossCauses[cause as LossCause]})`);
  return `${answered} answered, ${times}${lost === 0 ? '' : `; lost: ${byCause.join(', ')}`}`;
}

/**
 * Formats a loss, such as `reset: POST /, kept connections; after 3.1 ms; request no. 7 on a connection of port 4711,
 * 120 ms old; read ECONNRESET`.
 */
function lossText({ cause, kind, detail, waited, connection }: Loss): string {
  const parts = [`${cause}: ${kind}`, `after ${ms(waited)}`];
  if (connection !== undefined) {
    const { requests, localPort, age } = connection;
    const which = localPort === undefined ? 'a connection' : `a connection of port ${localPort}`;
    parts.push(`request no. ${requests} on ${which}, ${ms(age)} old`);
  }
  return [...parts, detail].join('; ');
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function seconds(value: number): string {
  return `${(value / 1000).toFixed(1)} s`;
}
