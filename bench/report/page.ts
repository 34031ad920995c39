/** What stands between `<!-- bench:name -->` and `<!-- /bench -->` in a page. All of it comes from the run. */

import { goals, reachedGoals } from '../goals.ts';
import { machineLine, settingsLine } from '../machine.ts';
import { microRatio, microTime } from '../micro/run.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Spread } from '../statistics.ts';
import type { Summary } from '../summary.ts';
import { OURS, REFERENCES, systems } from '../systems/index.ts';
import { cell, ratioCell } from './cells.ts';
import { deploysReadme, headline, readme } from './claim.ts';
import { growthFits, growthTables } from './growth.ts';
import { type Block, line, table, withRange } from './markdown.ts';
import { model } from './model.ts';
import { forPage, tableOf } from './table.ts';
import { disturbed, warnings } from './terminal.ts';

const machine: Block = (summary) => {
  const { disturbed: count, of } = disturbed(summary);
  const facts = [
    machineLine(summary.machine),
    settingsLine(summary.machine),
    `${summary.started.slice(0, 10)}, commit ${summary.commit}, ${summary.rounds} rounds, ${summary.minutes} minutes, seed ${summary.seed}; ${summary.workers} workers; load by ${summary.load}`,
    ...partsLines(summary),
    ...warnings(summary),
    `in ${count} of ${of} timed runs other programs used more than 5 % of the busy time`,
  ];
  const versions = systems.flatMap(({ name, title, how }) => {
    const version = summary.versions[name];
    return version === undefined ? [] : [[title, version, how]];
  });
  const absent = summary.missing.filter(({ scenario }) => scenario === undefined).map(({ why }) => why);
  return [
    ...facts.map((fact) => `- ${fact}`),
    '',
    ['| system | version | how a connection gets to a worker |', '| --- | --- | --- |', ...versions.map(line)].join(
      '\n',
    ),
    ...(absent.length === 0 ? [] : ['', `Not measured: ${absent.join('; ')}.`]),
  ].join('\n');
};

/** Of a scenario that is published by itself: when and on what. */
const conditionsLine: Block = (summary) =>
  `${machineLine(summary.machine)}; ${summary.started.slice(0, 10)}, commit ${summary.commit}; ${summary.workers} workers.`;

const partsLines = ({ parts = [] }: Summary): string[] =>
  parts.map(
    ({ started, minutes, seed, scenarios: names }) =>
      `a part of its own, ${started}, ${minutes} minutes, seed ${seed}: ${names.join(', ')}`,
  );

const goalTable: Block = (summary) => {
  const reached = reachedGoals(summary);
  const show = (spread: Spread | undefined, limit: number): string =>
    withRange(limit === 0 || limit > 100 ? cell(spread, 0) : ratioCell(spread));
  const rows = reached.map(({ what, is, limit, spread, reached: yes }) => [
    what,
    `${is} ${limit.toLocaleString('en-US', { maximumFractionDigits: 2 })}`,
    show(spread, limit),
    yes,
  ]);
  return goals.length === 0 ? undefined : table(['', 'held to', 'came out', 'reached'], rows);
};

const scenarioBlock =
  (name: string): Block =>
  (summary) => {
    const scenario = scenarios.find((one) => one.name === name)!;
    const found = tableOf(scenario, summary, systems, scenario.references ?? REFERENCES);
    if (found === undefined) return undefined;
    const commands = systems.flatMap(({ name: system }) =>
      (summary.scenarios[name]![system]?.commands ?? []).slice(0, 1).map((command) => `${system}: ${command}`),
    );
    const load = summary.scenarios[name]![OURS]?.commands[1];
    const details = [
      '<details><summary>Commands</summary>',
      '',
      '```',
      ...commands,
      ...(load === undefined ? [] : ['', load]),
      '```',
      '',
      '</details>',
    ];
    const { what, rounds = Infinity } = scenario;
    const fewer = rounds < summary.rounds ? ` ${rounds} rounds.` : '';
    return [`${what}${fewer}`, '', forPage(found), '', ...details].join('\n');
  };

const micro: Block = (summary) => {
  if (summary.micro.length === 0) return undefined;
  return table(
    ['operation', 'time', 'beside'],
    summary.micro.map((result) => [result.name, microTime(result), microRatio(result, summary.micro).trim()]),
  );
};

/** The scenarios that are published by themselves. */
const apart = scenarios.filter((scenario) => scenario.apart === true);

export const blocks: Readonly<Record<string, Block>> = {
  machine,
  goals: goalTable,
  headline,
  readme,
  'deploys-readme': deploysReadme,
  ...Object.fromEntries(scenarios.map(({ name }) => [name, scenarioBlock(name)])),
  growth: growthTables,
  'growth-fits': growthFits,
  ...Object.fromEntries(apart.map(({ name }) => [`${name}-conditions`, conditionsLine])),
  micro,
  model,
};

/** The scenario that is published by itself and that the block is about; undefined for what a whole run says. */
const ownerOf = (block: string): string | undefined =>
  apart.find(({ name }) => block === name || block.startsWith(`${name}-`))?.name;

/**
 * The page with what is between its marks made anew. What the run has no figures for is left as it is.
 *
 * @param owner the scenario that is published by itself: only what is about it is made anew, and nothing about it by a whole run.
 */
export function filled(page: string, summary: Summary, owner?: string): string {
  return page.replace(
    /(<!-- bench:([\w-]+) -->\n)([\s\S]*?)(<!-- \/bench -->)/g,
    (whole, open: string, name: string, _old: string, close: string) => {
      const block = blocks[name];
      if (block === undefined)
        throw new Error(`no block is called ${name}; there are ${Object.keys(blocks).join(', ')}`);
      if (ownerOf(name) !== owner) return whole;
      const text = block(summary);
      return text === undefined ? whole : `${open}${text}\n${close}`;
    },
  );
}
