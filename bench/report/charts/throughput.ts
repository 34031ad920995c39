import type { TopLevelSpec } from 'vega-lite';
import type { Summary } from '../../summary.ts';
import { bars } from './bars.ts';
import { conditions, type Picture } from './picture.ts';

const NEW = 'Hello world, a new connection for each request';
const COMPUTE = 'A handler that computes for 1 ms, connections that stay';

/** What the README shows: the ways that people know. docs/benchmarks.md shows all of them. */
const KNOWN = ['prefork', 'plain', 'cluster', 'pm2', 'watt', 'fasthttp-prefork', 'nginx'];

const stacked = (summary: Summary, panels: ReturnType<typeof bars>): TopLevelSpec | undefined =>
  panels.length === 0
    ? undefined
    : {
        title: {
          text: 'Requests per second, and CPU time of each',
          subtitle: [conditions(summary), 'thin line: slowest to fastest round'],
        },
        spacing: 22,
        vconcat: panels,
        resolve: { scale: { x: 'independent', y: 'independent' } },
      };

export const known: Picture = (summary, theme) =>
  stacked(summary, [
    ...bars(summary, theme, 'new-connections', NEW, (name) => KNOWN.includes(name)),
    ...bars(summary, theme, 'compute', COMPUTE, (name) => KNOWN.includes(name)),
  ]);

export const throughput: Picture = (summary, theme) =>
  stacked(
    summary,
    bars(summary, theme, 'new-connections', NEW, () => true),
  );
