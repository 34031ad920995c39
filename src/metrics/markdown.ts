import { metricTable } from './table.ts';

const heading = ['Metric', 'Type', 'Unit', 'Labels', 'From', 'Meaning', 'When it is high'];

/** The table of metrics in docs/metrics.md. */
export function metricsMarkdown(): string {
  const rows = metricTable.map(({ name, type, unit, labels, source, help, advice }) => [
    code(name),
    type,
    unit,
    labels.map(code).join(', '),
    source,
    help,
    advice,
  ]);
  return [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('');
}

function code(text: string): string {
  return `\`${text}\``;
}
