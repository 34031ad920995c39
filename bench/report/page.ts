/** What stands between `<!-- bench:name -->` and `<!-- /bench -->` in a page. All of it comes from the run. */

import { goals, reachedGoals } from '../goals.ts';
import { machineLine } from '../machine.ts';
import { microRatio, microTime } from '../micro/run.ts';
import { MODELLED, partsOf, predict, WORKERS } from '../model.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Spread } from '../statistics.ts';
import type { Summary } from '../summary.ts';
import { OURS, REFERENCES, systems } from '../systems/index.ts';
import { cell, ratioCell } from './cells.ts';
import { forPage, tableOf } from './table.ts';
import { disturbed, warnings } from './terminal.ts';

export type Block = (summary: Summary) => string | undefined;

const line = (words: readonly string[]): string => `| ${words.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');

const withRange = ({ median, range }: { median: string; range: string }): string =>
  range === '' ? median : `${median} (${range})`;

const machine: Block = (summary) => {
  const { disturbed: count, of } = disturbed(summary);
  const facts = [
    machineLine(summary.machine),
    Object.entries(summary.machine.settings)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
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

/** The claim of the README, in a sentence that is made of this run's figures. */
const headline: Block = (summary) => {
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

/** All that the README has of the bench: nothing at all before the first run. */
const readme: Block = (summary) => {
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

const scenarioBlock =
  (name: string): Block =>
  (summary) => {
    const scenario = scenarios.find((one) => one.name === name)!;
    const found = tableOf(scenario, summary, systems, REFERENCES);
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
    return [scenario.what, '', forPage(found), '', ...details].join('\n');
  };

const micro: Block = (summary) => {
  if (summary.micro.length === 0) return undefined;
  return table(
    ['operation', 'time', 'beside'],
    summary.micro.map((result) => [result.name, microTime(result), microRatio(result, summary.micro).trim()]),
  );
};

const model: Block = (summary) => {
  const modelled = MODELLED.flatMap((name) => {
    const parts = partsOf(summary, name);
    return parts === undefined ? [] : [{ title: systems.find((system) => system.name === name)?.title ?? name, parts }];
  });
  if (modelled.length === 0) return undefined;
  const number = (value: number, digits: number): string =>
    value.toLocaleString('en-US', { maximumFractionDigits: digits });
  const parts = table(
    [
      'measured',
      'µs/connection, workers',
      'µs/connection, supervisor',
      'idle, ms/s',
      'idle, ms/s each worker',
      'MB',
      'MB each worker',
    ],
    modelled.map(({ title, parts: part }) => [
      title,
      number(part.worker, 1),
      number(part.supervisor, 1),
      number(part.idleBase, 2),
      number(part.idlePerWorker, 2),
      number(part.memoryBase, 0),
      number(part.memoryPerWorker, 1),
    ]),
  );
  const computed = table(
    [
      'workers',
      ...modelled.flatMap(({ title }) => [`${title}: connections/s at most`, 'supervisor busy', 'idle', 'MB']),
    ],
    WORKERS.map((workers) => [
      String(workers),
      ...modelled.flatMap(({ parts: part }) => {
        const { perSecond, supervisorBusy, supervisorIdle, memory } = predict(part, workers);
        return [
          number(perSecond, 0),
          `${number(supervisorBusy * 100, 0)} %`,
          `${number(supervisorIdle * 100, 2)} %`,
          number(memory, 0),
        ];
      }),
    ]),
  );
  return [parts, '', computed].join('\n');
};

export const blocks: Readonly<Record<string, Block>> = {
  machine,
  goals: goalTable,
  headline,
  readme,
  ...Object.fromEntries(scenarios.map(({ name }) => [name, scenarioBlock(name)])),
  micro,
  model,
};

/** The page with what is between its marks made anew. What the run has no figures for is left as it is. */
export function filled(page: string, summary: Summary): string {
  return page.replace(
    /(<!-- bench:([\w-]+) -->\n)([\s\S]*?)(<!-- \/bench -->)/g,
    (whole, open: string, name: string, _old: string, close: string) => {
      const block = blocks[name];
      if (block === undefined)
        throw new Error(`no block is called ${name}; there are ${Object.keys(blocks).join(', ')}`);
      const text = block(summary);
      return text === undefined ? whole : `${open}${text}\n${close}`;
    },
  );
}
