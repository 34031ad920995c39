/** What all pictures are made of. */

import type { TopLevelSpec } from 'vega-lite';
import type { Summary, SystemSummary } from '../../summary.ts';
import { OURS, systems } from '../../systems/index.ts';
import type { Theme } from './theme.ts';
import { palette } from './theme.ts';

/** Undefined when the run has no figures for it. */
export type Picture = (summary: Summary, theme: Theme) => TopLevelSpec | undefined;

export const titleOf = (name: string): string => systems.find((system) => system.name === name)?.title ?? name;

/** As the tables have them, not as they happened to run. */
export const inOrder = (measured: Summary['scenarios'][string] = {}): [string, SystemSummary][] =>
  systems.flatMap(({ name }) => (measured[name] === undefined ? [] : [[name, measured[name]]]));

/** prefork's in its colour, other ways to run Node in another, and what is not Node paler. */
export function colourOf(name: string, theme: Theme): string {
  const { ours, others, foreign } = palette[theme];
  if (name.startsWith(OURS)) return ours;
  return systems.find((system) => system.name === name)?.apps.includes('whoami') ? others : foreign;
}

export const whole = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

export const conditions = ({ machine, workers, rounds, load, sharedCores }: Summary): string =>
  `${workers} workers on ${machine.cores} ${machine.virtual ? 'virtual ' : ''}cores, ${load.split(' ')[0]} ${sharedCores ? 'on the same' : 'on others'}; median of ${rounds} rounds`;
