/** What the README says of the run. */

import type { Spread } from '../statistics.ts';
import { OURS } from '../systems/index.ts';
import { ratioCell } from './cells.ts';
import { type Block, withRange } from './markdown.ts';

/** The claim of the README, in a sentence that is made of this run's figures. */
export const headline: Block = (summary) => {
  const ours = summary.scenarios['new-connections']?.[OURS];
  const [rate, cpu] = [ours?.ratios['cluster']?.['perSecond'], ours?.ratios['cluster']?.['cpu']];
  const keepAlive = summary.scenarios['keep-alive']?.[OURS]?.ratios['cluster']?.['perSecond'];
  if (rate === undefined || cpu === undefined || keepAlive === undefined) return undefined;
  const show = (spread: Spread): string => withRange(ratioCell(spread));
  return `With a new connection for each request prefork answers ${show(rate)} times as many as node:cluster, for ${show(cpu)} of the CPU each; with connections that stay, ${show(keepAlive)} times: there the application is all the work. ${summary.workers} workers, ${summary.rounds} rounds, smallest and largest in parentheses.`;
};

const picture = (name: string, alt: string, directory: string): string =>
  [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="${directory}${name}-dark.svg">`,
    `  <img alt="${alt}" src="${directory}${name}-light.svg">`,
    '</picture>',
  ].join('\n');

/** What the README says of deploys. */
export const deploysReadme: Block = ({ scenarios, workers }) => {
  const figures = scenarios['deploys']?.[OURS]?.figures;
  if (figures === undefined) return undefined;
  const count = (key: string): number => figures[key]?.median ?? 0;
  const number = (value: number): string => (value === 0 ? 'no' : value.toLocaleString('en-US'));
  return [
    picture(
      'deploys',
      'Connections closed and requests lost while 20 reloads run, by way to run the server',
      'bench/pictures/',
    ),
    '',
    `${count('reloads')} reloads of ${workers} workers close ${number(count('ended'))} connection and lose ${number(count('lost'))} request of ${number(count('answered'))}: [how it is measured](docs/benchmarks.md#connections-closed-by-reloads).`,
  ].join('\n');
};

/** All that the README has of the bench: nothing at all before the first run. */
export const readme: Block = (summary) => {
  const claim = headline(summary);
  if (claim === undefined) return undefined;
  const alt =
    'Requests per second, with a new connection for each and with 1 ms of computing, by way to run the server';
  return [
    picture('readme', alt, 'bench/pictures/'),
    '',
    `${claim} The rest, and how to measure it yourself: [docs/benchmarks.md](docs/benchmarks.md).`,
  ].join('\n');
};
