/** What is committed of a run: all rounds of all figures, from which every table and picture can be made again. Pure. */

import type { Measured, Results } from './results.ts';

/** Five digits are more than any of this is good for. */
const short = (value: number): number => Number(value.toPrecision(5));
const shortened = (figures: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, short(value)]));

/** What a picture shows that is no figure. */
const detailOf = ({ detail }: Measured): Pick<Measured, 'detail'> =>
  detail?.['counts'] === undefined ? {} : { detail: { counts: detail['counts'] } };

export function compact(results: Results): Results {
  const samples = results.samples.map((sample): Measured => {
    const { detail: _whole, ...rest } = sample;
    // The commands are the same in each round, but for the port.
    const commands = sample.round === 1 ? sample.commands : [];
    return { ...rest, figures: shortened(sample.figures), commands, ...detailOf(sample) };
  });
  const missing = results.missing.map((one) => ({ ...one, why: one.why.split('\n')[0]! }));
  return { ...results, samples, missing, disturbed: [] };
}

/** JSON with a line a sample, so that a diff of two of them can be read. */
export function asLines({ samples, ...rest }: Results): string {
  const entries = Object.entries(rest).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  const lines = samples.map((sample) => `    ${JSON.stringify(sample)}`);
  return `{\n${entries.join(',\n')},\n  "samples": [\n${lines.join(',\n')}\n  ]\n}\n`;
}
