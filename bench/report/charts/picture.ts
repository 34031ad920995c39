/** What all pictures are made of. */

import type { TopLevelSpec } from 'vega-lite';
import type { Summary, SystemSummary } from '../../summary.ts';
import { systems } from '../../systems/index.ts';
import type { Theme } from './theme.ts';

/** Undefined when the run has no figures for it. */
export type Picture = (summary: Summary, theme: Theme) => TopLevelSpec | undefined;

export const titleOf = (name: string): string => systems.find((system) => system.name === name)?.title ?? name;

/** As the tables have them, not as they happened to run. */
export const inOrder = (measured: Summary['scenarios'][string] = {}): [string, SystemSummary][] =>
  systems.flatMap(({ name }) => (measured[name] === undefined ? [] : [[name, measured[name]]]));

export const conditions = ({ machine, workers, rounds, load }: Summary): string =>
  `${workers} workers on ${machine.cores} cores${machine.virtual ? ' of a virtual machine' : ''}, ${load.split(' ')[0]} on the same cores, ${rounds} rounds`;
